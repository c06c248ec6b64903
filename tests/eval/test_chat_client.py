import pytest
from chat_server import ChatServer
from chatedit.eval.chat_client import ChatClient
from chatedit.eval.errors import EndpointFailed, EndpointRefused

ASKED = [{"role": "user", "content": "hello"}]


@pytest.fixture
def server():
    with ChatServer(lambda messages: f"You said {messages[-1]['content']}.") as server:
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(server, waits):
    return ChatClient(server.url, "small", "secret", timeout_s=0.5, attempts=4, sleep=waits.append)


def test_the_answer_comes_back_and_model_and_key_are_sent(client, server):
    assert client.ask(ASKED) == "You said hello."
    assert server.requests[0]["model"] == "small"
    assert server.keys == ["Bearer secret"]


def test_without_a_key_none_is_sent(server):
    ChatClient(server.url, "small").ask(ASKED)
    assert server.keys == [None]


def test_the_key_is_not_shown():
    assert "secret" not in repr(ChatClient("http://x", "m", "secret"))


@pytest.mark.parametrize("mishap", [500, 503, b"{", b"[]", b'{"choices": []}', "hangup", "hang", b""])
def test_one_mishap_is_made_good_by_a_second_attempt(client, server, mishap):
    server.mishaps = [mishap]
    assert client.ask(ASKED) == "You said hello."
    assert len(server.requests) == 2


def test_waits_grow_and_a_server_that_says_how_long_is_obeyed(client, server, waits):
    server.mishaps = [500, 500, 429]
    client.ask(ASKED)
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0
    assert waits[2] == 7.0


def test_it_gives_up_in_the_end_and_says_why(client, server):
    server.mishaps = [500] * 9
    with pytest.raises(EndpointFailed, match=r"no usable answer in 4 attempts.*status 500"):
        client.ask(ASKED)
    assert len(server.requests) == 4


@pytest.mark.parametrize(("status", "hint"), [(401, "API key"), (404, "base URL and model"), (400, "request is wrong")])
def test_what_trying_again_does_not_mend_is_told_at_once(client, server, status, hint):
    server.mishaps = [status]
    with pytest.raises(EndpointRefused, match=hint):
        client.ask(ASKED)
    assert len(server.requests) == 1


def test_an_answer_that_fails_the_check_is_asked_for_again(client, server):
    answers = []

    def second_is_fine(answer):
        answers.append(answer)
        if len(answers) == 1:
            raise ValueError("not yet")

    assert client.ask(ASKED, second_is_fine) == "You said hello."
    assert len(server.requests) == 2


def test_an_endpoint_that_is_not_there_is_a_typed_error(waits):
    with pytest.raises(EndpointFailed):
        ChatClient("http://127.0.0.1:9/v1", "small", attempts=2, sleep=waits.append).ask(ASKED)
    assert len(waits) == 1
