"""Metrics, logs and traces of the real application on a real local Ray cluster: across its processes."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from exposition import numbers
from local_service import WAIT_S, LocalService, free_port
from span_collector import SentSpan, collecting

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WORDS = "my secret words about Aunt Mary"


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalService, list[SentSpan]]]:
    """A service that sends its traces here."""
    with collecting() as (endpoint, spans), pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        service = LocalService(tmp_path_factory.mktemp("home"), free_port())
        try:
            service.start()
            yield service, spans
            service.stop()
        finally:
            service.kill_everything()


def test_one_turn_is_seen_by_metrics_logs_and_traces_alike(observed: tuple[LocalService, list[SentSpan]]):
    service, spans = observed
    thread = service.thread()
    answer = service.say(thread, f"add bangs; {WORDS}", X_Request_Id="turn-1")
    assert answer.status_code == 200

    found = numbers(httpx.get(f"{service.url}/metrics", timeout=WAIT_S).text)
    assert found["chatedit_turns_total", "success"] == 1
    assert found["chatedit_edits_total", "success"] == 1
    assert found["chatedit_edit_steps_total",] == 4
    assert found["chatedit_http_requests_total", "POST", "/v1/threads/{thread}/turns", "200"] == 1

    log = Path(service.home / "logs" / "service.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.splitlines()]
    turn = next(line for line in lines if line["message"] == "turn")
    assert (turn["request"], turn["thread"], turn["outcome"]) == ("turn-1", thread, "success")
    assert "secret" not in log

    names = {"POST /v1/threads/{thread}/turns", "turn", "track", "DialogueModel.turn", "edit", "Editor.edit"}
    service.until(lambda: names <= {one.name for one in spans})
    request = next(one for one in spans if one.name == "POST /v1/threads/{thread}/turns")
    of_turn = {one.name: one for one in spans if one.trace == request.trace}
    assert names <= set(of_turn)
    for name, parent in (("DialogueModel.turn", "track"), ("Editor.edit", "edit"), ("edit", "turn"), ("track", "turn")):
        assert of_turn[name].parent == of_turn[parent].id
    assert "secret" not in "".join(one.text for one in spans)
