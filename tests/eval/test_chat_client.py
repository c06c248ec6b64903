import pytest
from chat_server import ChatServer
from chatedit.dialogue.llm.errors import EndpointUnusable
from chatedit.dialogue.llm.settings import LlmSettings
from chatedit.eval.chat_client import open_chat_client
from chatedit.eval.errors import EndpointFailed

ASKED = [{"role": "user", "content": "hello"}]
REFUSED = {"message": {"content": None, "refusal": "I will not."}}
CUT = {"message": {"content": "You said hel"}, "finish_reason": "length"}


@pytest.fixture
def server():
    with ChatServer(lambda messages: f"You said {messages[-1]['content']}.") as server:
        yield server


def client(url, waits, attempts=4):
    settings = LlmSettings(model="small", base_url=url, timeout_s=0.5, attempts=attempts, temperature=0.9)
    return open_chat_client(settings, waits.append)


def test_the_answer_comes_back(server):
    assert client(server.url, []).ask(ASKED) == "You said hello."
    assert (server.requests[0]["model"], server.requests[0]["temperature"]) == ("small", 0.9)


def test_the_same_model_can_be_asked_soberly(server):
    client(server.url, []).at(temperature=0.0).ask(ASKED)
    assert server.requests[0]["temperature"] == 0.0


@pytest.mark.parametrize("mishap", [500, 503, b"{", b"[]", b'{"choices": []}', "hangup", "hang", b"", REFUSED, CUT])
def test_one_mishap_is_made_good_by_a_second_attempt(server, mishap):
    server.mishaps = [mishap]
    assert client(server.url, []).ask(ASKED) == "You said hello."
    assert len(server.requests) == 2


def test_it_gives_up_in_the_end_and_says_why(server):
    server.mishaps = [500] * 9
    with pytest.raises(EndpointFailed, match=r"no usable answer in 4 attempts.*server error"):
        client(server.url, []).ask(ASKED)
    assert len(server.requests) == 4


def test_answers_that_are_never_of_use_are_no_endless_story(server):
    def never(answer):
        raise ValueError("not this one")

    with pytest.raises(EndpointFailed, match="not this one"):
        client(server.url, []).ask(ASKED, never)
    assert len(server.requests) == 4


@pytest.mark.parametrize(("status", "hint"), [(401, "API key"), (404, "base URL and model"), (400, "not accepted")])
def test_what_trying_again_does_not_mend_is_told_at_once(server, status, hint):
    server.mishaps = [status]
    with pytest.raises(EndpointUnusable, match=hint):
        client(server.url, []).ask(ASKED)
    assert len(server.requests) == 1


def test_an_answer_that_fails_the_check_is_asked_for_again(server):
    answers = []

    def second_is_fine(answer):
        answers.append(answer)
        if len(answers) == 1:
            raise ValueError("not yet")

    assert client(server.url, []).ask(ASKED, second_is_fine) == "You said hello."
    assert len(server.requests) == 2


def test_an_endpoint_that_is_not_there_is_a_typed_error():
    waits = []
    with pytest.raises(EndpointFailed, match="connection"):
        client("http://127.0.0.1:9/v1", waits, attempts=2).ask(ASKED)
    assert len(waits) == 1
