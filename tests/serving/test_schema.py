"""schemathesis over the OpenAPI document: no answer is a 5xx, and none is outside the document."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from chatedit.serving.service import ServiceLimits
from chatedit.serving.usage import RateLimits
from hypothesis import HealthCheck, Phase, given, settings
from live_server import live
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from scripted import png

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW, MANY = 4, 100  # examples of each operation and kind, valid and invalid
ANSWER_S = 60.0


@dataclass
class Api:
    """A service at a real port, its document, and a conversation that requests may find."""

    schema: Any
    session: requests.Session
    url: str
    image: str
    thread: str

    def get(self, path: str, **request: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=ANSWER_S, **request)

    def post(self, path: str, body: bytes, **headers: str) -> requests.Response:
        headers = {"Content-Type": "application/json", **headers}
        return self.session.post(self.url + path, data=body, headers=headers, timeout=ANSWER_S)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    limits = ServiceLimits(rates=RateLimits(None, None))
    with live(tmp_path_factory.mktemp("home"), limits=limits) as service, requests.Session() as session:
        session.headers["X-Api-Key"] = service.key("alice")
        image = session.post(f"{service.url}/v1/images", data=png(1, 48), timeout=ANSWER_S).json()["id"]
        thread = session.post(f"{service.url}/v1/threads", json={"image": image}, timeout=ANSWER_S).json()["id"]
        schema = schemathesis.openapi.from_url(f"{service.url}/v1/openapi.json")
        yield Api(schema, session, service.url, image, thread)


def explore(api: Api, max_examples: int) -> dict[str, set[int]]:
    """Ask everything that the document has; statuses of each operation."""
    statuses: dict[str, set[int]] = {}
    for found in api.schema.get_all_operations():
        operation = found.ok()
        for mode in GenerationMode:
            explore_operation(api, operation, mode, max_examples, statuses.setdefault(operation.label, set()))
    return statuses


def explore_operation(api: Api, operation: Any, mode: GenerationMode, max_examples: int, statuses: set[int]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=max_examples,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        find_what_is_there(api, case)
        response = case.call(session=api.session, timeout=ANSWER_S)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    try:
        ask()
    except hypothesis.errors.Unsatisfiable:  # an operation without arguments cannot be asked wrongly
        assert not [*operation.path_parameters, *operation.query, *operation.headers, *operation.body]


def find_what_is_there(api: Api, case: schemathesis.Case) -> None:
    """Let most requests be about the conversation that there is; a random id leads nowhere."""
    path = case.path_parameters or {}
    for name, known in (("thread", api.thread), ("image", api.image)):
        if name in path and case.method != "DELETE" and len(str(path[name])) % 4:
            path[name] = known
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("image"), str):
        case.body = {**body, "image": api.image}


def test_every_answer_is_as_the_document_says(api: Api):
    statuses = explore(api, FEW)
    assert len(statuses) > 40
    answered = {label for label, found in statuses.items() if found & {200, 201, 204}}
    assert {"POST /v1/threads", "POST /v1/threads/{thread}/turns", "GET /v1/images/{image}"} <= answered


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_answer_is_as_the_document_says_at_length(api: Api):
    assert explore(api, MANY)


SURROGATE = r"\ud800"
BODIES = [
    (b"\xff\xfe{", 400),
    (b"[" * 50_000, 400),
    (b'{"utterance": ' + b"9" * 5000 + b"}", 400),
    (b'{"utterance": "' + SURROGATE.encode() + b'"}', 422),
    (b'{"utterance": "\\u0000"}', 422),
    (b'{"utterance": NaN}', 422),
    (b'{"utterance": 1e999}', 422),
    (b"null", 422),
    (b"", 422),
]


@pytest.mark.parametrize(("body", "status"), BODIES)
def test_what_is_hardly_json_is_refused(api: Api, body: bytes, status: int):
    assert api.post(f"/v1/threads/{api.thread}/turns", body).status_code == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/threads", '{"image": "%s", "metadata": {"a": "X"}}'),
        ("/v1/threads", '{"image": "%s", "metadata": {"X": 1}}'),
        ("/v1/threads", '{"image": "%s", "caption": "X"}'),
        ("/langgraph/threads", '{"metadata": {"a": "X"}}'),
        ("/langgraph/threads/%s/runs/wait", '{"input": {"messages": [{"role": "user", "content": "X"}]}}'),
        ("/langgraph/threads/%s/runs/wait", '{"input": {"messages": {"role": "user", "content": ["X"]}}}'),
        (
            "/langgraph/threads/%s/runs/wait",
            '{"input": {"messages": {"role": "user", "content": [{"type": "text", "text": "X"}]}}}',
        ),
        ("/langgraph/threads/%s/runs/wait", '{"input": {"messages": {"type": "human", "content": "a", "id": "X"}}}'),
        ("/langgraph/threads/%s/runs/wait", '{"input": {"messages": {"type": "human", "content": [{"text": {}}]}}}'),
        ("/langgraph/threads/%s/runs/wait", '{"input": {"messages": {"type": "human", "content": [{"type": 7}]}}}'),
        ("/v1/chat/completions", '{"model": "chatedit", "messages": [{"role": "user", "content": "X"}]}'),
        ("/v1/chat/completions", '{"model": "X", "messages": [{"role": "user", "content": "a"}]}'),
        ("/v1/chat/completions", '{"model": "chatedit", "user": "X", "messages": [{"role": "user"}]}'),
    ],
)
@pytest.mark.parametrize("text", [SURROGATE, r"\u0000", "a" * 600])
def test_text_that_no_database_takes_is_no_fault_of_ours(api: Api, path: str, body: str, text: str):
    path = path.replace("%s", api.thread)
    response = api.post(path, body.replace("%s", api.image).replace("X", text).encode())
    assert response.status_code < 500, response.text


@pytest.mark.parametrize(
    "position", [[1, SURROGATE], [1, "\0"], ["NaN", "a"], [[], {}], {}, [None, None], [1], "text", [1e308, "a" * 90]]
)
def test_a_cursor_of_somebodys_own_is_no_fault_of_ours(api: Api, position: Any):
    text = json.dumps(position).replace("\\\\", "\\").replace('"NaN"', "NaN")
    cursor = base64.urlsafe_b64encode(text.encode()).decode()
    assert api.get("/v1/threads", params={"cursor": cursor}).status_code in (200, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/web/%00",
        "/web/..%2f..%2fetc%2fpasswd",
        "/web/%2e%2e/api.py",
        "/web/" + "a" * 300,
        "/web/",
        "/web",
        "/web/%ff",
        "/%00",
        "/v1/portraits/%00",
        "/v1/threads/%00",
        "/v1/images/%ff?by=%ff&expires=1&signature=%ff",
        "/langgraph/assistants/%00",
        "/v1/models/%ff",
        "/mcp",
        "/metrics",
    ],
)
def test_paths_that_lead_nowhere_are_refused(api: Api, path: str):
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "NONSENSE"):
        response = api.session.request(method, api.url + path, timeout=ANSWER_S, allow_redirects=False)
        assert response.status_code < 500, (method, response.text)
        assert b"root:" not in response.content
