"""The application on a real local Ray cluster: what works, and what happens when parts of it die."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest
from chatedit.client import ChatEdit
from chatedit.serving.config import is_loopback
from local_service import WAIT_S, LocalService, free_port
from mcp import Client
from one_server import events
from openai import OpenAI
from scripted import png

CANCELLED_WITHIN_S = 1.0
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    running = LocalService(tmp_path_factory.mktemp("home"), free_port())
    try:
        running.start()
        yield running
        running.stop()
    finally:
        running.kill_everything()


def background(action) -> tuple[threading.Thread, list]:
    results: list = []

    def run() -> None:
        try:
            results.append(action())
        except httpx.HTTPError as error:
            results.append(error)

    worker = threading.Thread(target=run)
    worker.start()
    return worker, results


def test_upload_open_talk_fetch_and_undo(service: LocalService):
    thread = service.thread()
    answer = service.say(thread, "add bangs").json()
    assert answer["turn"]["belief_state"] == {"hair": ["bangs"]}
    picture = httpx.get(answer["turn"]["image"]["url"])
    assert picture.headers["etag"] == f'"{answer["turn"]["image"]["id"]}"'
    again = httpx.get(answer["turn"]["image"]["url"], headers={"If-None-Match": picture.headers["etag"]})
    assert again.status_code == 304
    told = events(service.say(thread, "add lipstick", accept="text/event-stream").text)
    kinds = [kind for kind, _ in told]
    assert (kinds[:2], kinds[-2:]) == (["start", "state"], ["image", "response"])
    previews = [data["preview"] for kind, data in told if kind == "progress" and data["preview"]]
    assert httpx.get(previews[0]["url"]).status_code == 200
    undone = httpx.post(f"{service.url}/v1/threads/{thread}/undo", json={}).json()
    assert undone["turn"]["image"]["id"] == answer["turn"]["image"]["id"]
    assert httpx.get(f"{service.url}/ready", timeout=WAIT_S).json()["status"] == "ok"


def test_ray_is_on_loopback_and_what_serve_opens_beyond_wants_a_token(service: LocalService):
    found = service.listening()
    assert ("127.0.0.1", service.port) in [place[1:] for place in found]
    assert len(found) > 10  # Ray's own
    beyond = [(title, port) for title, address, port in found if not is_loopback(address)]
    assert [title for title, _ in beyond if "REPLICA" not in title.upper()] == []  # their address is fixed in Ray Serve
    for _, port in beyond:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary("/ray.serve.ASGIService/HandleRequest")(b"", timeout=WAIT_S)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    assert (Path.home() / ".ray" / "auth_token").stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("accept", "path", "body"),
    [
        ("application/json", "turns", b'{"utterance": "add goatee"}'),
        ("text/event-stream", "turns", b'{"utterance": "add goatee"}'),
        ("application/json", "ideas", b'{"utterances": ["add goatee", "add bangs"]}'),
    ],
)
def test_an_edit_whose_client_is_gone_is_cancelled(service: LocalService, accept: str, path: str, body: bytes):
    thread, before = service.thread(1), len(service.log())
    head = f"POST /v1/threads/{thread}/{path} HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nAccept: {accept}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(head.encode() + body)
        service.until(lambda: len(service.log()) > before)
    left_at = time.monotonic()
    service.until(lambda: len(service.log()) > before + 1)
    assert time.monotonic() - left_at < CANCELLED_WITHIN_S
    service.until(lambda: service.say(thread, "hello").status_code == 200)
    assert [what for what, *_ in service.log()[before:]] == ["start", "cancelled"]
    assert service.state(thread)["belief_state"] == {}


@pytest.mark.slow
def test_a_slow_client_gets_the_end_of_the_story(service: LocalService):
    thread = service.thread(2)
    url = f"{service.url}/v1/threads/{thread}/turns"
    headers = {"Accept": "text/event-stream"}
    done = sum(what == "done" for what, *_ in service.log())
    with httpx.stream("POST", url, json={"utterance": "add bangs"}, headers=headers, timeout=WAIT_S) as stream:
        service.until(lambda: sum(what == "done" for what, *_ in service.log()) > done)  # reads nothing meanwhile
        told = events(stream.read().decode())
    assert told[-1][0] == "response"
    assert told[-1][1]["turn"]["belief_state"] == {"hair": ["bangs"]}


@pytest.mark.slow
def test_a_turn_outlives_the_death_of_its_editor(service: LocalService):
    thread, before = service.thread(3), service.started_edits()
    url = f"{service.url}/v1/threads/{thread}/turns"
    worker, results = background(lambda: httpx.post(url, json={"utterance": "add goatee"}, timeout=5 * WAIT_S))
    service.until(lambda: service.started_edits() > before)
    first = service.log()[-1]
    service.kill("ServeReplica:chatedit:Editor")
    worker.join(5 * WAIT_S)
    answer = results[0].json()
    assert answer["error"] is None, answer
    assert answer["turn"]["belief_state"] == {"hair": ["goatee"]}
    last = service.log()[-1]
    assert (last[0], last[2]) == ("done", first[2])
    assert last[1] != first[1]


@pytest.mark.slow
def test_full_queues_answer_429_and_lose_nothing(service: LocalService):
    threads = [service.thread(10 + number) for number in range(7)]
    with ThreadPoolExecutor(len(threads)) as pool:
        answers = list(pool.map(lambda thread: service.say(thread, "add goatee"), threads))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    for thread, answer in zip(threads, answers, strict=True):
        assert service.state(thread)["num_turns"] == (1 if answer.status_code == 200 else 0)
    retried = threads[answers.index(refused[0])]
    assert service.say(retried, "add goatee").json()["turn"]["version"] == 1


@pytest.mark.slow
def test_a_client_that_repeats_itself_over_a_dead_ingress_gets_one_result(service: LocalService):
    thread, before = service.thread(4), service.started_edits()
    worker, results = background(lambda: service.say(thread, "add goatee", idempotency_key="once"))
    service.until(lambda: service.started_edits() > before)
    service.kill("ServeReplica:chatedit:Ingress")
    worker.join(WAIT_S)
    assert not isinstance(results[0], httpx.Response) or results[0].status_code >= 500

    def answered() -> httpx.Response | None:
        try:
            response = service.say(thread, "add goatee", idempotency_key="once")
        except httpx.HTTPError:
            return None
        return response if response.status_code == 200 else None

    answer = service.until(answered, 4 * WAIT_S).json()
    assert answer["turn"]["belief_state"] == {"hair": ["goatee"]}
    assert service.say(thread, "add goatee", idempotency_key="once").json() == answer
    assert service.state(thread)["num_turns"] == 1


@pytest.mark.slow
def test_nothing_is_lost_when_everything_is_killed(service: LocalService):
    thread = service.thread(5)
    picture = service.say(thread, "add bangs").json()["turn"]["image"]
    before = service.started_edits()
    worker, _ = background(lambda: service.say(thread, "add goatee", idempotency_key="interrupted"))
    service.until(lambda: service.started_edits() > before)
    service.kill_everything()
    worker.join(WAIT_S)
    service.start()
    assert service.state(thread)["belief_state"] == {"hair": ["bangs"]}
    assert httpx.get(f"{service.url}/v1/images/{picture['id']}").status_code == 200
    answer = service.say(thread, "add goatee", idempotency_key="interrupted").json()
    assert answer["turn"]["belief_state"] == {"hair": ["bangs", "goatee"]}
    assert service.state(thread)["num_turns"] == 2


@pytest.mark.slow
def test_a_service_that_is_told_to_stop_finishes_what_runs(service: LocalService):
    thread, before = service.thread(6), service.started_edits()
    worker, results = background(lambda: service.say(thread, "add goatee"))
    service.until(lambda: service.started_edits() > before)
    service.stop()
    worker.join(WAIT_S)
    assert isinstance(results[0], httpx.Response), results
    assert results[0].json()["turn"]["belief_state"] == {"hair": ["goatee"]}
    service.start()
    assert service.state(thread)["num_turns"] == 1


def test_other_agents_reach_the_same_conversations(service: LocalService):
    url = f"{service.url}/mcp"

    async def by_mcp(image: str) -> str:
        async with Client(url) as client:
            answer = await client.call_tool("converse", {"image": image, "utterance": "add bangs"})
            assert not answer.is_error, answer
            return answer.structured_content["thread"]

    with ChatEdit(service.url) as client, OpenAI(base_url=f"{service.url}/v1", api_key="none needed") as openai:
        thread = asyncio.run(by_mcp(client.upload(png(11, 48)).id))
        told = [type(event).__name__ for event in client.stream(thread, "add lipstick")]
        assert (told[0], told[-1]) == ("Started", "Finished")
        chunks = openai.chat.completions.create(
            model="chatedit",
            messages=[{"role": "user", "content": "add pale skin"}],
            metadata={"thread": thread},
            stream=True,
        )
        assert "Done" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        state = client.state(thread)
    assert state.belief_state == {"hair": ["bangs"], "makeup": ["lipstick", "pale skin"]}
