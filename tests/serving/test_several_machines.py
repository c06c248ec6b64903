"""Two processes' worth of service over one PostgreSQL and one store, as two ingress replicas are on a cluster."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from chatedit.tools.editor import EditProgress
from one_server import Server, serve
from scripted import FakeEditor, png
from test_checkpointers import postgres


class Reporting(FakeEditor):
    """Reports progress until it is cancelled or released."""

    def edit(self, request, on_progress=None):
        self.started.set()
        while self.wait_for is not None and not self.wait_for.wait(0.05):
            on_progress(EditProgress(request.id, 1, 10))
        return super().edit(request, on_progress)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    (tmp_path / "pg").mkdir()
    with postgres(tmp_path / "pg") as dsn, ExitStack() as stack:
        shared = {"auth": "on", "database": dsn, "store": str(tmp_path / "pictures"), "secret": "0123456789abcdef"}
        one, other = (
            stack.enter_context(serve(tmp_path / name, editor=Reporting(), **shared)) for name in ("one", "other")
        )
        yield one, other


def test_a_thread_goes_on_at_another_replica(pair: tuple[Server, Server]):
    one, other = pair
    thread = one.thread()
    url = one.say(thread, "add bangs")["turn"]["image"]["url"]
    assert other.client.get(url).status_code == 200
    answer = other.say(thread, "add lipstick")
    assert answer["turn"]["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}
    assert one.post(thread, "undo").json()["turn"]["version"] == 1
    assert other.client.get("/v1/threads").json()["items"][0]["id"] == thread
    assert one.client.delete(f"/v1/threads/{thread}").status_code == 204
    assert other.client.get(f"/v1/threads/{thread}").status_code == 404


def test_a_turn_is_refused_and_cancelled_from_another_replica(pair: tuple[Server, Server]):
    one, other = pair
    thread = one.thread()
    one.editor.wait_for = threading.Event()
    answers: list = []
    worker = threading.Thread(target=lambda: answers.append(one.say(thread, "add bangs")))
    worker.start()
    assert one.editor.started.wait(20)
    assert other.post(thread, "turns", {"utterance": "add lipstick"}).status_code == 409
    assert other.post(thread, "cancel").json() == {"is_cancelled": True}
    worker.join(20)
    assert answers[0]["error"]["type"] == "EditCancelled"


def test_an_idempotency_key_counts_at_all_replicas(pair: tuple[Server, Server]):
    one, other = pair
    thread = one.thread()
    first = one.say(thread, "add bangs", idempotency_key="k")
    assert other.say(thread, "add bangs", idempotency_key="k") == first
    assert len(other.editor.requests) == 0


def test_two_uploads_of_one_picture_at_once_give_one_picture(pair: tuple[Server, Server]):
    one, other = pair
    found: list[str] = []
    workers = [threading.Thread(target=lambda server=server: found.append(server.image(3))) for server in pair]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert len(set(found)) == 1
    assert one.client.get(f"/v1/images/{found[0]}").content == other.client.get(f"/v1/images/{found[0]}").content
    assert png(3, 48)[:8] == one.client.get(f"/v1/images/{found[0]}").content[:8]
