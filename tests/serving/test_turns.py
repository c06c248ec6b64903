import threading

import pytest
from one_server import Server, events, serve
from scripted import FakeEditor, png

BANGS = {"hair": ["bangs"]}


def test_a_turn_answers_with_state_picture_and_reply(server: Server):
    answer = server.say(server.thread(), "add bangs")
    assert answer["turn"]["belief_state"] == BANGS
    assert answer["turn"]["added"] == [["hair", "bangs"]]
    assert (answer["turn"]["version"], answer["is_changed"], answer["error"]) == (1, True, None)
    assert answer["reply"].startswith("Done")
    picture = server.client.get(answer["turn"]["image"]["url"])
    assert picture.status_code == 200
    assert picture.content.startswith(b"\x89PNG")


def test_a_turn_streams_what_happens_in_order(server: Server):
    response = server.post(server.thread(), "turns", {"utterance": "add bangs"}, accept="text/event-stream")
    assert response.headers["content-type"].startswith("text/event-stream")
    told = events(response.text)
    assert [kind for kind, _ in told] == ["start", "state", "progress", "image", "response"]
    data = dict(told)
    assert data["state"]["belief_state"] == BANGS
    assert (data["progress"]["step"], data["progress"]["num_steps"]) == (5, 10)
    assert data["image"]["image"]["url"] == data["response"]["turn"]["image"]["url"]
    assert data["response"]["reply"].startswith("Done")


def test_small_talk_streams_without_a_picture(server: Server):
    response = server.post(server.thread(), "turns", {"utterance": "hello"}, accept="text/event-stream")
    assert [kind for kind, _ in events(response.text)] == ["start", "state", "response"]


def test_previews_can_be_fetched(server: Server):
    class Previewing(FakeEditor):
        def edit(self, request, on_progress=None):
            from chatedit.tools.editor import EditProgress

            on_progress(EditProgress(request.id, 1, 10, png(77)))
            return super().edit(request, on_progress)

    server.border.service.editor.edit = Previewing.edit.__get__(server.editor, FakeEditor)  # type: ignore[union-attr]
    response = server.post(server.thread(), "turns", {"utterance": "add bangs"}, accept="text/event-stream")
    previews = [data["preview"] for kind, data in events(response.text) if kind == "progress" and data["preview"]]
    assert server.client.get(previews[0]["url"]).content == png(77)


def test_undo_redo_and_branch(server: Server):
    thread = server.thread()
    first = server.say(thread, "add bangs")
    server.say(thread, "add lipstick")
    back = server.post(thread, "undo").json()
    assert back["turn"]["image"]["id"] == first["turn"]["image"]["id"]
    assert server.post(thread, "redo").json()["turn"]["version"] == 2
    assert server.post(thread, "branch", {"version": 1}).json()["turn"]["version"] == 1
    branched = server.say(thread, "add goatee")
    assert branched["turn"]["belief_state"] == {"hair": ["bangs", "goatee"]}
    assert branched["turn"]["parent"] == 1


@pytest.mark.parametrize(
    ("what", "body", "status", "name"),
    [
        ("undo", {}, 409, "NothingToUndo"),
        ("redo", {}, 409, "NothingToRedo"),
        ("branch", {"version": 9}, 404, "UnknownVersion"),
        ("compare", {"one": 0, "other": 3}, 404, "UnknownVersion"),
        ("branch", {"version": -1}, 422, "InvalidRequest"),
        ("turns", {"utterance": ""}, 422, "InvalidRequest"),
        ("turns", {"utterance": "a\x00b"}, 422, "InvalidRequest"),
        ("turns", {"utterance": "hi", "colour": "red"}, 422, "InvalidRequest"),
    ],
)
def test_what_cannot_be_done_is_a_problem_with_a_name(server: Server, what: str, body: dict, status: int, name: str):
    response = server.post(server.thread(), what, body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:chatedit:error:{name}"
    assert response.json()["status"] == status


def test_ideas_are_branches_of_the_version_shown(server: Server):
    thread = server.thread()
    ideas = server.post(thread, "ideas", {"utterances": ["add bangs", "add lipstick"]}).json()
    assert [idea["turn"]["belief_state"] for idea in ideas] == [BANGS, {"makeup": ["lipstick"]}]
    assert server.client.get(f"/v1/threads/{thread}/state").json()["belief_state"] == {}


def test_a_comparison_shows_two_turns(server: Server):
    thread = server.thread()
    server.say(thread, "add bangs")
    pair = server.post(thread, "compare", {"one": 0, "other": 1}).json()["comparison"]
    assert [turn["version"] for turn in pair] == [0, 1]


def test_turns_are_listed_page_by_page(server: Server):
    thread = server.thread()
    for value in ("bangs", "lipstick", "goatee"):
        server.say(thread, f"add {value}")
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = server.client.get(f"/v1/threads/{thread}/turns", params=params).json()
        seen += [turn["id"] for turn in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [0, 1, 2, 3]


def test_an_idempotency_key_does_a_turn_once(server: Server):
    thread = server.thread()
    one = server.say(thread, "add bangs", idempotency_key="k1")
    again = server.say(thread, "add bangs", idempotency_key="k1")
    assert again == one
    assert len(server.editor.requests) == 1
    other = server.post(thread, "turns", {"utterance": "add goatee"}, idempotency_key="k1")
    assert (other.status_code, other.json()["type"]) == (422, "urn:chatedit:error:KeyReused")


def test_an_idempotency_key_undoes_once(server: Server):
    thread = server.thread()
    for value in ("bangs", "lipstick"):
        server.say(thread, f"add {value}")
    for _ in range(2):
        assert server.post(thread, "undo", idempotency_key="u").json()["turn"]["version"] == 1


def test_a_turn_that_the_service_failed_may_be_repeated_with_its_key(server: Server):
    thread = server.thread()
    server.editor.fail = [MemoryError("no room")]
    failed = server.post(thread, "turns", {"utterance": "add bangs"}, idempotency_key="k")
    assert failed.status_code == 500
    assert "room" not in failed.text
    assert server.say(thread, "add bangs", idempotency_key="k")["turn"]["belief_state"] == BANGS
    assert server.client.get(f"/v1/threads/{thread}/state").json()["num_turns"] == 1


def test_an_edit_that_cannot_be_done_is_an_answer_not_a_problem(server: Server):
    from scripted import Diverged

    server.editor.fail = [Diverged()]
    answer = server.say(server.thread(), "add bangs")
    assert answer["error"]["type"] == "Diverged"
    assert "Nothing has changed" in answer["reply"]


@pytest.fixture
def slow(tmp_path):
    editor = FakeEditor()
    editor.wait_for = threading.Event()
    with serve(tmp_path, editor=editor) as running:
        yield running


def in_background(action) -> tuple[threading.Thread, list]:
    results: list = []
    worker = threading.Thread(target=lambda: results.append(action()))
    worker.start()
    return worker, results


def test_the_second_of_two_turns_at_once_gets_409(slow: Server):
    thread = slow.thread()
    worker, results = in_background(lambda: slow.say(thread, "add bangs"))
    assert slow.editor.started.wait(20)
    for what, body in (("turns", {"utterance": "add lipstick"}), ("undo", {})):
        refused = slow.post(thread, what, body)
        assert refused.status_code == 409
        assert refused.headers["retry-after"] == "1"
    assert slow.client.delete(f"/v1/threads/{thread}").status_code == 409
    slow.editor.wait_for.set()
    worker.join(20)
    assert results[0]["turn"]["belief_state"] == BANGS


def test_a_turn_can_be_cancelled(slow: Server):
    thread = slow.thread()
    assert slow.post(thread, "cancel").json() == {"is_cancelled": False}
    worker, results = in_background(lambda: slow.say(thread, "add bangs"))
    assert slow.editor.started.wait(20)
    assert slow.post(thread, "cancel").json() == {"is_cancelled": True}
    worker.join(20)
    assert results[0]["error"]["type"] == "EditCancelled"
    assert slow.client.get(f"/v1/threads/{thread}/state").json()["num_turns"] == 0


def test_a_state_is_set_without_words_and_can_be_undone(server: Server):
    thread = server.thread()
    first = server.say(thread, "add bangs")
    wanted = {"belief_state": {"hair": ["goatee"], "makeup": ["lipstick"]}}
    url, key = f"/v1/threads/{thread}/state", {"Idempotency-Key": "k"}
    answers = [server.client.put(url, json=wanted, headers=key).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["turn"]["belief_state"] == wanted["belief_state"]
    assert len(server.editor.requests) == 2
    told = events(server.client.put(url, json={"belief_state": {}}, headers={"Accept": "text/event-stream"}).text)
    assert [kind for kind, _ in told] == ["start", "state", "response"]
    back = server.post(thread, "undo", {"steps": 2}).json()
    assert back["turn"]["image"]["id"] == first["turn"]["image"]["id"]


@pytest.mark.parametrize(
    "state",
    [{"hair": ["bangs", "no bangs"]}, {"hat": ["red"]}, {"hair": ["lipstick"]}, {"expression": ["sad", "angry"]}],
)
def test_a_state_outside_the_ontology_is_refused(server: Server, state: dict):
    refused = server.client.put(f"/v1/threads/{server.thread()}/state", json={"belief_state": state})
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:chatedit:error:InvalidBeliefState"
