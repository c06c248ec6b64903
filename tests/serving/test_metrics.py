import json
import re
from pathlib import Path

import pytest
from chatedit.serving.metrics import Metrics
from chatedit.serving.metrics_board import merged
from chatedit.serving.service import ServiceLimits
from chatedit.serving.usage import RateLimits
from chatedit.tools.errors import EditorBusy
from exposition import numbers
from fastapi.testclient import TestClient
from one_server import URL, Server, serve

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana-dashboard.json"
TOKEN = "prometheus-of-our-own"


def scraped(server: Server) -> dict[tuple[str, ...], float]:
    response = server.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return numbers(response.text)


def test_a_turn_is_timed_by_stage_and_counted(server: Server):
    thread = server.thread()
    server.say(thread, "add bangs")
    server.say(thread, "nothing new")
    found = scraped(server)
    assert found["chatedit_turns_total", "success"] == 2
    assert {stage: found["chatedit_turn_seconds_count", stage] for stage in ("track", "edit", "respond", "whole")} == {
        "track": 2,
        "edit": 1,
        "respond": 2,
        "whole": 2,
    }
    parts = sum(found["chatedit_turn_seconds_sum", stage] for stage in ("track", "edit", "respond"))
    assert 0 < parts <= found["chatedit_turn_seconds_sum", "whole"]
    assert (found["chatedit_turns_running",], found["chatedit_turn_slots",]) == (0, 16)


def test_edits_and_their_steps_are_counted_once(server: Server):
    thread = server.thread()
    server.say(thread, "add bangs")
    server.say(thread, "drop bangs")
    server.say(thread, "add bangs")  # known: nothing is edited
    server.editor.fail.append(EditorBusy(2.0))
    assert server.post(thread, "turns", {"utterance": "add lipstick"}).status_code == 429
    found = scraped(server)
    assert found["chatedit_edits_total", "success"] == 1
    assert found["chatedit_edits_total", "EditorBusy"] == 1
    assert found["chatedit_edit_steps_total",] == 10 + 5  # the one that failed told of 5
    assert (found["chatedit_edits_waiting",], found["chatedit_edits_running",]) == (0, 0)
    assert found["chatedit_turns_total", "EditorBusy"] == 1


def test_requests_are_counted_by_route_and_status_and_never_by_path(server: Server):
    thread = server.thread()
    server.client.get(f"/v1/threads/{thread}/state")
    server.client.get("/v1/threads/nobody/state")
    server.client.get(f"/{thread}/nowhere")
    found = scraped(server)
    assert found["chatedit_http_requests_total", "GET", "/v1/threads/{thread}/state", "200"] == 1
    assert found["chatedit_http_requests_total", "GET", "/v1/threads/{thread}/state", "404"] == 1
    assert found["chatedit_http_requests_total", "GET", "unknown", "404"] == 1
    assert found["chatedit_http_request_seconds_count", "/v1/threads/{thread}/state"] == 2
    assert not [key for key in found if thread in "".join(key)]


def test_what_is_refused_with_429_is_counted_by_its_reason(tmp_path: Path):
    with serve(tmp_path, limits=ServiceLimits(rates=RateLimits(requests_per_minute=2))) as server:
        for _ in range(4):
            server.client.get("/v1/threads")
        found = scraped(server)
    assert found["chatedit_throttled_total", "TooManyRequests"] == 2
    assert found["chatedit_http_requests_total", "GET", "/v1/threads", "429"] == 2


def test_disagreement_of_the_second_tracker_is_counted():
    metrics = Metrics()
    for agrees, error in ((True, ""), (False, ""), (False, ""), (None, "ValueError: no")):
        metrics.note_opinion({"tracker": "keywords", "agrees": agrees, "error": error})
    found = numbers(metrics.exposition().decode())
    counts = [found["chatedit_opinions_total", opinion, "keywords"] for opinion in ("agrees", "differs", "error")]
    assert counts == [1, 2, 1]


def test_beyond_loopback_only_the_token_opens_the_metrics(tmp_path: Path):
    with serve(tmp_path, auth="on", metrics_token=TOKEN) as server:
        assert server.client.get("/metrics").status_code == 401  # with an API key of a user
        assert server.with_key("wrong").get("/metrics").status_code == 401
        assert server.with_key(TOKEN).get("/metrics").status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer None"])
def test_without_a_token_the_metrics_of_a_keyed_service_are_closed(keyed: Server, header: str):
    stranger = TestClient(keyed.client.app, URL, headers={"Authorization": header} if header else {})
    assert stranger.get("/metrics").status_code == 401


def test_a_keyless_service_shows_its_metrics_to_its_own_machine_only(server: Server):
    assert server.client.get("/metrics", headers={"Host": "elsewhere.example"}).status_code == 403


def test_pages_of_several_replicas_become_one():
    pages = {}
    for replica, count in (("a", 2), ("b", 3)):
        metrics = Metrics()
        metrics.edits.labels("success").inc(count)
        metrics.turn_seconds.labels("whole").observe(count)
        pages[replica] = metrics.exposition()
    found = numbers(merged(pages).decode())
    assert found["chatedit_edits_total", "success", "a"] == 2
    assert found["chatedit_edits_total", "success", "b"] == 3
    assert found["chatedit_turn_seconds_sum", "b", "whole"] == 3
    assert merged(pages).count(b"# TYPE chatedit_edits_total counter") == 1


def test_the_dashboard_asks_for_all_metrics_and_for_no_others():
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"chatedit_\w+", query)}
    kinds = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    there = {
        family.name: {family.name + suffix for suffix in kinds[family.type]} for family in Metrics().registry.collect()
    }
    assert asked <= set.union(*there.values())
    assert [name for name, samples in there.items() if not asked & samples] == []
    labels = {label for query in queries for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(", ")}
    assert labels <= {"le", "stage", "outcome", "tracker", "problem", "route", "status"}
