"""Against a real HTTP endpoint that misbehaves in every way that counts."""

import pytest
from chat_server import ChatServer
from chatedit.dialogue.llm.endpoint import OpenAiEndpoint
from chatedit.dialogue.llm.errors import CallFailed, EndpointUnusable
from chatedit.dialogue.llm.full_state import schema
from chatedit.dialogue.llm.outcome import ChatRequest, FunctionCall
from chatedit.dialogue.llm.patience import Patient
from chatedit.dialogue.ontology import ONTOLOGY
from llm_examples import settings

HELLO = ChatRequest("gpt-4o-mini", ({"role": "user", "content": "hello"},))
STRICT = ChatRequest("gpt-4o-mini", HELLO.messages, schema=schema(ONTOLOGY))
USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


@pytest.fixture
def server():
    with ChatServer(lambda messages: f"You said {messages[-1]['content']}.", USAGE) as server:
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def patient(server, waits):
    return Patient(OpenAiEndpoint(settings(server.url, api_key="secret")), settings(server.url), waits.append)


def test_the_answer_comes_back_with_its_tokens_and_model_and_key_are_sent(patient, server):
    completion = patient.complete(HELLO).completion
    assert (completion.text, completion.tokens_in, completion.tokens_out) == ("You said hello.", 12, 3)
    assert server.requests[0]["model"] == "gpt-4o-mini"
    assert server.requests[0]["temperature"] == 0.0
    assert server.keys == ["Bearer secret"]


def test_a_model_that_takes_no_temperature_is_sent_none(patient, server):
    patient.complete(ChatRequest("o9", HELLO.messages, None))
    assert "temperature" not in server.requests[0]


def test_a_schema_is_sent_as_strict_and_tools_are_offered(patient, server):
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    patient.complete(ChatRequest("m", HELLO.messages, schema=schema(ONTOLOGY)))
    patient.complete(ChatRequest("m", HELLO.messages, tools=(tool,)))
    asked = server.requests[0]["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["strict"] is True
    assert asked["json_schema"]["schema"] == schema(ONTOLOGY)
    assert server.requests[1]["tools"][0]["function"]["name"] == "f"
    assert server.requests[1]["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("mishap", "kind"),
    [
        ("hang", "timeout"),
        ("stall", "timeout"),
        ("hangup", "connection"),
        ("break", "connection"),
        (429, "rate limit"),
        (500, "server error"),
        (503, "server error"),
        (b"", "malformed response"),
        (b"{", "malformed response"),
        (b'{"choices": [{"mess', "malformed response"),
        (b"[]", "malformed response"),
        (b'{"choices": []}', "malformed response"),
        (b'{"choices": null}', "malformed response"),
        (b'{"error": {"message": "overloaded"}}', "malformed response"),
        (b"<html>gateway</html>", "malformed response"),
    ],
)
@pytest.mark.parametrize("request_", [HELLO, STRICT], ids=["free", "strict"])
def test_one_mishap_is_counted_and_made_good_by_a_second_attempt(patient, server, mishap, kind, request_):
    server.mishaps = [mishap]
    outcome = patient.complete(request_)
    assert outcome.completion.text == "You said hello."
    assert outcome.mishaps == {kind: 1}
    assert len(server.requests) == 2


def test_waits_grow_and_an_endpoint_that_says_how_long_is_obeyed(patient, server, waits):
    server.mishaps = [500, 500, 429]
    outcome = patient.complete(HELLO)
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0
    assert 6.0 < waits[2] <= 7.0
    assert outcome.mishaps == {"server error": 2, "rate limit": 1}


def test_a_rate_limit_holds_up_the_calls_of_other_threads_too(patient, server, waits):
    server.mishaps = [429]
    patient.complete(HELLO)
    patient.complete(HELLO)
    assert len(waits) == 2  # nobody really slept, so the pause is not over for the second call
    assert 5.0 < waits[1] < waits[0]


def test_it_gives_up_in_the_end_and_says_of_what_kind_the_failure_was(patient, server):
    server.mishaps = [500, 500, 500, "hangup"]
    outcome = patient.complete(HELLO)
    assert outcome.completion is None
    assert outcome.failure == "connection"
    assert outcome.mishaps == {"server error": 3, "connection": 1}
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("mishap", "hint"),
    [
        (401, "check the API key"),
        (404, "base URL and model"),
        ((400, {"error": {"message": "what?"}}), "not accepted"),
        ((429, {"error": {"message": "pay first", "code": "insufficient_quota"}}), "429"),
    ],
)
def test_what_neither_waiting_nor_trying_mends_is_told_at_once(patient, server, mishap, hint):
    server.mishaps = [mishap]
    with pytest.raises(EndpointUnusable, match=hint):
        patient.complete(HELLO)
    assert len(server.requests) == 1


def test_an_endpoint_that_is_not_there_is_a_failed_call():
    with pytest.raises(CallFailed, match="connection"):
        OpenAiEndpoint(settings("http://127.0.0.1:9/v1")).call(HELLO)


@pytest.mark.parametrize(
    "mishap",
    [
        (400, {"error": {"message": "shorten it", "code": "context_length_exceeded"}}),
        (400, {"error": {"message": "This model's maximum context length is 4096 tokens."}}),
        (400, {"error": {"message": "the request exceeds the available context size", "type": "exceed_context"}}),
        (413, {"error": {"message": "Too many tokens: 9000"}}),
    ],
)
def test_a_conversation_that_is_too_long_is_not_tried_again(patient, server, mishap):
    server.mishaps = [mishap]
    assert patient.complete(HELLO).failure == "too long"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "mishap",
    [
        {"message": {"content": None, "refusal": "I won't edit this person."}},
        {"message": {"content": ""}, "finish_reason": "content_filter"},
        (400, {"error": {"message": "blocked by policy", "code": "content_filter"}}),
        {"message": {"content": "I’m sorry, but I can’t help with that."}},
    ],
)
@pytest.mark.parametrize("request_", [HELLO, STRICT], ids=["free", "strict"])
def test_refusals_are_told_apart_however_they_come(patient, server, mishap, request_):
    server.mishaps = [mishap]
    assert patient.complete(request_).completion.refusal
    assert len(server.requests) == 1


def test_what_a_filter_refuses_before_the_model_sees_it_costs_nothing(patient, server):
    server.mishaps = [(400, {"error": {"message": "blocked by policy", "code": "content_filter"}})]
    completion = patient.complete(HELLO).completion
    assert (completion.tokens_in, completion.tokens_out) == (0, 0)


@pytest.mark.parametrize("request_", [HELLO, STRICT], ids=["free", "strict"])
def test_an_answer_that_was_cut_is_told_apart(patient, server, request_):
    server.mishaps = [{"message": {"content": '{"hair": ["ba'}, "finish_reason": "length"}]
    completion = patient.complete(request_).completion
    assert completion.is_cut
    assert completion.text == '{"hair": ["ba'
    assert completion.tokens_out == 3


def test_function_calls_come_back_also_where_their_arguments_are_no_json(patient, server):
    calls = [("f", '{"a": 1}'), ("g", '{"a": ')]
    wanted = [{"id": n, "type": "function", "function": {"name": n, "arguments": a}} for n, a in calls]
    server.mishaps = [{"message": {"content": None, "tool_calls": wanted}, "finish_reason": "tool_calls"}]
    assert patient.complete(HELLO).completion.calls == (FunctionCall("f", '{"a": 1}'), FunctionCall("g", '{"a": '))


def test_tokens_are_unknown_where_the_endpoint_does_not_tell():
    with ChatServer(lambda messages: "hi") as server:
        completion = OpenAiEndpoint(settings(server.url)).call(HELLO)
    assert completion.tokens_in is completion.tokens_out is None


def test_the_key_is_not_shown():
    assert "secret" not in repr(settings("http://x", api_key="secret"))
