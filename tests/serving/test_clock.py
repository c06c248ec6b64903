"""The wall clock jumps during conversations: nothing is lost, nothing is done twice, nobody is locked out for long."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from chatedit.serving.calls import KEPT_S
from chatedit.serving.service import ServiceLimits
from chatedit.serving.signed_urls import VALID_S
from chatedit.serving.usage import HOUR_S, RateLimits
from one_server import Server, serve

SetClock = Callable[[float], None]
JUMPS_S = (-3 * VALID_S, -HOUR_S, -1.0, HOUR_S, 3 * VALID_S)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the wall clock of this process off by some seconds, for all that asks for it."""
    seconds, nanoseconds = time.time, time.time_ns

    def set_off(by_s: float) -> None:
        monkeypatch.setattr(time, "time", lambda: seconds() + by_s)
        monkeypatch.setattr(time, "time_ns", lambda: nanoseconds() + int(by_s * 1e9))

    return set_off


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_conversation_goes_on(server: Server, set_clock: SetClock, jump_s: float):
    thread = server.thread()
    first = server.say(thread, "add bangs", idempotency_key="first")
    set_clock(jump_s)
    assert server.say(thread, "add lipstick", idempotency_key="second")["turn"]["version"] == 2
    set_clock(0.0)
    answer = server.say(thread, "add pale skin")
    assert answer["turn"]["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick", "pale skin"]}
    state = server.client.get(f"/v1/threads/{thread}/state").json()
    assert (state["num_turns"], state["num_versions"]) == (3, 4)
    assert server.client.get(f"/v1/images/{first['turn']['image']['id']}").status_code == 200
    assert server.post(thread, "undo").json()["turn"]["version"] == 2


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_repeated_call_is_done_once(server: Server, set_clock: SetClock, jump_s: float):
    thread = server.thread(idempotency_key="open")
    first = server.say(thread, "add bangs", idempotency_key="turn")
    num_edits = len(server.editor.requests)
    set_clock(jump_s)
    other = server.thread(seed=2, idempotency_key="other")  # forgets what is too old by this clock
    again = server.say(thread, "add bangs", idempotency_key="turn")
    assert again["turn"] == first["turn"]
    assert server.thread(idempotency_key="open") == thread
    set_clock(0.0)
    assert server.say(thread, "add bangs", idempotency_key="turn")["turn"] == first["turn"]
    assert server.client.get(f"/v1/threads/{thread}/state").json()["num_turns"] == 1
    assert len(server.editor.requests) == num_edits
    assert {one["id"] for one in server.client.get("/v1/threads").json()["items"]} == {thread, other}
    assert max(JUMPS_S) > KEPT_S


def test_the_clock_of_a_turn_that_runs_may_jump(server: Server, set_clock: SetClock):
    thread = server.thread()
    edit = server.editor.edit

    def edit_meanwhile(request, on_progress=None):
        set_clock(-2 * HOUR_S)
        return edit(request, on_progress)

    server.editor.edit = edit_meanwhile
    answer = server.say(thread, "add bangs")
    assert (answer["error"], answer["turn"]["version"]) == (None, 1)
    assert server.say(thread, "add lipstick")["turn"]["version"] == 2
    runs = server.client.get(f"/langgraph/threads/{thread}/runs").json()
    assert [run["status"] for run in runs] == ["success", "success"]
    metrics = server.border.service.metrics.exposition().decode()
    assert 'chatedit_turn_seconds_bucket{le="120.0",stage="whole"} 2.0' in metrics


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_limits_hold_and_forgive_within_their_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_s: float):
    noon = HOUR_S * (time.time() // HOUR_S)  # it stands still: no window ends by itself
    monkeypatch.setattr(time, "time", lambda: noon)
    with serve(tmp_path, limits=ServiceLimits(rates=RateLimits(requests_per_minute=30))) as server:
        for _ in range(20):
            server.client.get("/v1/threads")
        monkeypatch.setattr(time, "time", lambda: noon + jump_s)
        answers = [server.client.get("/v1/threads") for _ in range(31)]
    last = answers[-1]
    assert (last.status_code, 1 <= int(last.headers["retry-after"]) <= 60) == (429, True)
    assert sum(answer.status_code == 200 for answer in answers) == 30


def test_urls_of_pictures_work_again_when_the_clock_does(keyed: Server, set_clock: SetClock):
    url = keyed.say(keyed.thread(), "add bangs")["turn"]["image"]["url"]
    set_clock(3.0 * VALID_S)
    keyless = keyed.with_key("none")
    assert keyless.get(url).status_code == 401
    image = keyed.client.get("/v1/threads").json()["items"][0]["image"]["url"]
    assert keyless.get(image).status_code == 200
    set_clock(-VALID_S)
    assert keyless.get(url).status_code == 200


def test_lists_show_everything_once_whatever_the_clock_said(server: Server, set_clock: SetClock):
    made = []
    for number, jump_s in enumerate((0.0, *JUMPS_S)):
        set_clock(jump_s)
        made.append(server.thread(number))
    seen, cursor = [], ""
    while True:
        page = server.client.get(f"/v1/threads?limit=2{cursor}").json()
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == sorted(made)
