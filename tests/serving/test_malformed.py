"""Five hundred malformed uploads: each is refused, the process stays up, and its memory stays flat."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chatedit.serving import routes_images
from chatedit.serving.observer import Observer
from chatedit.serving.service import ServiceLimits
from chatedit.serving.usage import RateLimits
from live_server import Live, live
from malformed import chat_bodies, malformed_files, malformed_requests, picture, run_bodies

HANGING_S = 0.5  # instead of a minute
MAX_GROWTH_BYTES = 50_000_000
ANSWER_S = 30.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    limits = ServiceLimits(rates=RateLimits(requests_per_minute=None))
    with live(tmp_path_factory.mktemp("home"), auth="off", limits=limits) as running:
        yield running


def resident_bytes() -> int:
    """Memory of this process, in which the service runs."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_files_that_are_no_picture_are_refused_and_leave_nothing(service: Live):
    files = malformed_files()
    assert len(files) > 400
    with httpx.Client(base_url=service.url, timeout=ANSWER_S) as client:
        wrong, sizes = [], []
        for one in [*files, *files[::3]]:  # at the second time, everything has been allocated that is kept for good
            response = client.post("/v1/images", content=one.data)
            is_problem = response.headers.get("content-type") == "application/problem+json"
            if not 400 <= response.status_code < 500 or not is_problem:
                wrong.append((one.name, response.status_code))
            sizes.append(resident_bytes())
        good = client.post("/v1/images", content=picture("PNG"))
    assert wrong == []
    assert good.status_code == 201
    assert max(sizes[len(files) :]) - max(sizes[: len(files)]) < MAX_GROWTH_BYTES
    assert not list((service.border.settings.home / "pictures").glob("**/.new-*"))


def test_requests_that_are_none_are_refused(service: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(routes_images, "UPLOAD_S", HANGING_S)
    port = httpx.URL(service.url).port
    assert port is not None
    requests = malformed_requests(port)
    connections = [socket.create_connection(("127.0.0.1", port), ANSWER_S) for _ in requests]
    answers = {}
    try:
        for connection, one in zip(connections, requests, strict=True):
            connection.sendall(one.data)
        for connection, one in zip(connections, requests, strict=True):
            found = re.match(rb"HTTP/1\.1 (\d+)", connection.recv(4096))
            answers[one.name] = int(found[1]) if found else None
    finally:
        for connection in connections:
            connection.close()
    assert {name: status for name, status in answers.items() if status is None or not 400 <= status < 500} == {}
    assert {status for name, status in answers.items() if name.startswith("hanging")} == {408}
    assert httpx.get(f"{service.url}/ready", timeout=ANSWER_S).status_code == 200


def test_an_upload_whose_client_leaves_in_the_middle_is_no_fault_of_ours(
    service: Live, monkeypatch: pytest.MonkeyPatch
):
    noted = []
    monkeypatch.setattr(Observer, "_note", lambda self, scope, status, *_: noted.append(status))
    port = httpx.URL(service.url).port
    head = f"POST /v1/images HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 9000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), ANSWER_S) as connection:
        connection.sendall(head.encode() + picture("PNG")[:4000])
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
    assert httpx.get(f"{service.url}/ready", timeout=ANSWER_S).status_code == 200
    assert noted == [400, 200]


def test_pictures_in_messages_are_refused_alike(service: Live):
    with httpx.Client(base_url=service.url, timeout=ANSWER_S) as client:
        answers = [client.post("/v1/chat/completions", json=body) for body in chat_bodies()]
    assert {answer.status_code for answer in answers} == {400}


def test_words_that_are_no_text_break_nothing(service: Live):
    with httpx.Client(base_url=service.url, timeout=ANSWER_S, headers={"Content-Type": "application/json"}) as client:
        thread = client.post("/langgraph/threads", content=b"{}").json()["thread_id"]
        answers = [client.post(f"/langgraph/threads/{thread}/runs/wait", content=body) for body in run_bodies()]
    assert {answer.status_code for answer in answers} == {200}
