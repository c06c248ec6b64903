"""The typed client, blocking and asynchronous, against a real service."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chatedit.client import (
    ApiError,
    AsyncChatEdit,
    ChatEdit,
    ConnectionLost,
    Finished,
    Pictured,
    Progress,
    RetryPolicy,
    Started,
    Understood,
    errors,
)
from chatedit.serving import problems
from chatedit.serving.service import ServiceLimits
from chatedit.serving.usage import RateLimits
from live_server import Live, live
from scripted import FakeEditor, png

BANGS = {"hair": ["bangs"]}
PHOTO = png(3, 48)
NO_RETRY = RetryPolicy(max_attempts=1)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as running:
        yield running


@pytest.fixture
def client(service: Live) -> Iterator[ChatEdit]:
    with ChatEdit(service.url, service.key("alice")) as made:
        yield made


def opened(client: ChatEdit) -> str:
    return client.open_thread(client.upload(PHOTO)).id


def test_a_whole_conversation(client: ChatEdit, tmp_path: Path):
    file = tmp_path / "photo.png"
    file.write_bytes(PHOTO)
    photo = client.upload(file)
    assert (photo.width, photo.height) == (48, 48)
    thread = client.open_thread(photo, caption="A photo.", attributes=["smiling"], metadata={"case": 1})
    assert thread.metadata == {"case": 1}
    first = client.say(thread.id, "add bangs")
    assert (first.turn.belief_state, first.turn.version) == (BANGS, 1)
    assert client.download(first.turn.image).startswith(b"\x89PNG")
    assert client.set_state(thread.id, {"makeup": ["lipstick"]}).turn.belief_state == {"makeup": ["lipstick"]}
    assert client.undo(thread.id).turn.version == 1
    assert client.redo(thread.id).turn.version == 2
    assert client.branch(thread.id, 1).turn.version == 1
    assert [idea.turn.version for idea in client.try_ideas(thread.id, ["add goatee", "add sideburns"])] == [3, 4]
    pair = client.compare(thread.id, 0, 4).comparison
    assert pair is not None
    assert [turn.version for turn in pair] == [0, 4]
    state = client.state(thread.id)
    assert (state.caption, state.attributes, state.num_versions) == ("A photo.", ["smiling"], 5)
    page = client.turns(thread.id, limit=2)
    assert [turn.id for turn in client.turns(thread.id, limit=2, cursor=page.next).items] == [2, 3]
    assert client.strip(thread.id).startswith(b"\x89PNG")
    assert client.dialogue(thread.id)["turns"][0]["user"] == "add bangs"
    assert client.cancel(thread.id) is False
    assert [one.id for one in client.threads().items] == [client.thread(thread.id).id]
    client.delete_thread(thread.id)
    with pytest.raises(errors.UnknownThread):
        client.state(thread.id)


def test_what_the_service_offers(client: ChatEdit):
    portrait = client.portraits()[0]
    assert client.portrait(portrait.name).startswith(b"\x89PNG")
    assert client.ontology().slots[0].name == "expression"
    assert client.ready().status == "ok"
    assert client.version().api == "v1"
    upload = client.upload(PHOTO)
    client.delete_image(upload.id)
    with pytest.raises(errors.UnknownImage):
        client.download(upload)


def test_a_turn_is_followed(client: ChatEdit):
    thread = opened(client)
    told = list(client.stream(thread, "add bangs"))
    assert [type(event) for event in told] == [Started, Understood, Progress, Pictured, Finished]
    assert told[1].belief_state == BANGS  # type: ignore[union-attr]
    assert told[-1].outcome.turn.version == 1  # type: ignore[union-attr]
    last = list(client.stream_state(thread, {}))[-1]
    assert isinstance(last, Finished)
    assert last.outcome.turn.belief_state == {}


def test_the_asynchronous_client_does_the_same(service: Live):
    async def conversation() -> tuple:
        async with AsyncChatEdit(service.url, service.key("alice")) as client:
            thread = (await client.open_thread(await client.upload(PHOTO))).id
            kinds = [type(event) async for event in client.stream(thread, "add bangs")]
            both = await asyncio.gather(client.state(thread), client.turns(thread))
            with pytest.raises(errors.NothingToRedo):
                await client.redo(thread)
            await client.set_state(thread, {"makeup": ["lipstick"]})
            back = await client.undo(thread)
            picture = await client.download(back.turn.image)
            await client.delete_thread(thread)
            return kinds, both[0].belief_state, len(both[1].items), back.turn.version, picture[:4]

    kinds, state, num_turns, version, head = asyncio.run(conversation())
    assert kinds == [Started, Understood, Progress, Pictured, Finished]
    assert (state, num_turns, version, head) == (BANGS, 2, 1, b"\x89PNG")


def test_a_key_makes_a_call_happen_once(client: ChatEdit, service: Live):
    thread = opened(client)
    one, two = (client.say(thread, "add bangs", key="mine") for _ in range(2))
    assert one == two
    assert len(service.editor.requests) == 1
    with pytest.raises(errors.KeyReused):
        client.say(thread, "add lipstick", key="mine")


def test_errors_are_told_by_their_type(client: ChatEdit, service: Live):
    thread = opened(client)
    with pytest.raises(errors.NothingToUndo, match="nothing to undo") as raised:
        client.undo(thread)
    assert (raised.value.name, raised.value.status) == ("NothingToUndo", 409)
    with pytest.raises(errors.NotAnImage) as refused:
        client.upload(b"nothing")
    assert isinstance(refused.value, errors.BadImage)
    with pytest.raises(errors.InvalidRequest) as invalid:
        client.say(thread, "")
    assert invalid.value.problem["errors"][0]["where"] == ["body", "utterance"]
    with pytest.raises(errors.InvalidBeliefState):
        client.set_state(thread, {"hat": ["red"]})
    with ChatEdit(service.url, "wrong") as stranger, pytest.raises(errors.NotAuthenticated):
        stranger.threads()
    with ChatEdit(service.url, service.key("mallory")) as mallory, pytest.raises(errors.UnknownThread):
        mallory.say(thread, "add bangs")


def test_every_refusal_of_the_service_has_a_class():
    named = errors._by_name(ApiError)
    abstract = {"AgentError", "RetryableCall", "EditError", "TurnFailed"}
    wanted = {kind.__name__ for kind in problems.STATUS} - abstract
    wanted |= {kind.__name__ for kind in problems.BadImage.__subclasses__()}
    assert wanted <= set(named)


def test_the_client_waits_where_the_service_is_busy(tmp_path: Path):
    editor = FakeEditor()
    editor.wait_for = threading.Event()
    with (
        live(tmp_path, editor=editor, limits=ServiceLimits(max_turns=1)) as service,
        ChatEdit(service.url, service.key("alice")) as client,
    ):
        one, two = (client.open_thread(client.upload(png(seed, 48))).id for seed in (1, 2))
        worker = threading.Thread(target=client.say, args=(one, "add bangs"))
        worker.start()
        editor.started.wait(20)
        with ChatEdit(service.url, service.key("alice"), retry=NO_RETRY) as hasty:
            with pytest.raises(errors.ServiceBusy) as busy:
                hasty.say(two, "add lipstick")
            with pytest.raises(errors.ServiceBusy):
                list(hasty.stream(two, "add lipstick"))
            with pytest.raises(errors.ThreadBusy):
                hasty.undo(one)
        assert busy.value.retry_after_s == 1.0
        threading.Timer(0.3, editor.wait_for.set).start()
        assert client.say(two, "add lipstick").turn.version == 1
        worker.join()


def test_a_wait_beyond_the_clients_patience_is_told(tmp_path: Path):
    limits = ServiceLimits(rates=RateLimits(requests_per_minute=1))
    policy = RetryPolicy(max_wait_s=0.5)
    with (
        live(tmp_path, limits=limits) as service,
        ChatEdit(service.url, service.key("alice"), retry=policy) as client,
        pytest.raises(errors.TooManyRequests) as refused,
    ):
        [client.threads() for _ in range(3)]
    assert (refused.value.retry_after_s or 0) >= 1


def test_a_turn_whose_connection_breaks_is_repeated_and_done_once(service: Live):
    class Breaking(httpx.HTTPTransport):
        """Loses the first answer of every turn, after the service gave it."""

        num_lost = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if request.url.path.endswith("/turns") and self.num_lost == 0:
                response.read()
                self.num_lost += 1
                raise httpx.ReadError("the cable was pulled")
            return response

    with ChatEdit(service.url, service.key("alice")) as client:
        broken = Breaking()
        client._http._transport = broken
        thread = opened(client)
        assert client.say(thread, "add bangs").turn.version == 1
        assert (broken.num_lost, len(service.editor.requests)) == (1, 1)
        assert client.state(thread).num_turns == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_turn_whose_ingress_dies_behind_a_proxy_is_repeated(service: Live, status: int):
    class Proxied(httpx.HTTPTransport):
        """Answers the first call of each kind with words of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.lost: list[str] = []

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            what = request.url.path.rsplit("/", 1)[-1]
            if what in ("turns", "ideas") and what not in self.lost:
                self.lost.append(what)
                return httpx.Response(status, text="Internal Server Error")
            return super().handle_request(request)

    with ChatEdit(service.url, service.key("alice")) as client:
        client._http._transport = proxied = Proxied()
        thread = opened(client)
        with pytest.raises(ApiError):  # it carries no key
            client.try_ideas(thread, ["add bangs", "add lipstick"])
        assert client.say(thread, "add bangs").turn.belief_state == BANGS
        assert proxied.lost == ["ideas", "turns"]


def test_a_service_that_is_not_there_is_told():
    with ChatEdit("http://127.0.0.1:9", retry=NO_RETRY) as client, pytest.raises(ConnectionLost, match="no answer"):
        client.threads()


def test_an_answer_of_a_proxy_is_an_error_too():
    error = errors.error_of(502, {}, b"<html>Bad Gateway</html>")
    assert (error.name, error.status) == ("HttpError", 502)
    assert isinstance(errors.error_of(503, {"Retry-After": "7"}, b""), errors.Unavailable)


def test_nothing_heavy_is_imported():
    heavy = ("torch", "ray", "fastapi", "langgraph", "numpy", "PIL", "sqlalchemy")
    code = f"import sys, chatedit.client; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
