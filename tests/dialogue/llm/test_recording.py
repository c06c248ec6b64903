import json
import threading

import pytest
from chat_server import ChatServer
from chatedit.dialogue.errors import DataNotReadable
from chatedit.dialogue.llm.endpoint import OpenAiEndpoint
from chatedit.dialogue.llm.errors import ReplayMissing
from chatedit.dialogue.llm.outcome import ChatRequest, Completion, FunctionCall, Outcome
from chatedit.dialogue.llm.patience import Patient
from chatedit.dialogue.llm.recording import Recording
from llm_examples import settings


def request(words, **changes):
    return ChatRequest("m", ({"role": "user", "content": words},), **changes)


@pytest.fixture
def server():
    with ChatServer(lambda messages: f"You said {messages[-1]['content']}.") as server:
        yield server


@pytest.fixture
def patient(server):
    return Patient(OpenAiEndpoint(settings(server.url)), settings(server.url), lambda _: None)


def test_a_replay_gives_the_same_outcomes_without_an_endpoint(patient, server, tmp_path):
    path = tmp_path / "deep" / "record.jsonl"
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    server.mishaps = [500, {"message": {"content": None, "tool_calls": [call]}}]
    recorded = [Recording(path, patient).complete(request(words)) for words in ("one", "two")]
    replay = Recording(path)
    replayed = [replay.complete(request(words)) for words in ("one", "two")]
    assert [o.completion for o in replayed] == [o.completion for o in recorded]
    assert replayed[0].completion.calls == (FunctionCall("f", '{"a": 1}'),)
    assert replayed[0].mishaps == {"server error": 1}
    assert replayed[1].latency_ms == pytest.approx(recorded[1].latency_ms, abs=0.1)
    assert len(replay.dates) == 1


def test_failures_are_replayed_too(patient, server, tmp_path):
    server.mishaps = [500] * 4
    Recording(tmp_path / "r", patient).complete(request("one"))
    outcome = Recording(tmp_path / "r").complete(request("one"))
    assert (outcome.completion, outcome.failure, outcome.mishaps) == (None, "server error", {"server error": 4})


def test_recording_goes_on_where_it_stopped_and_asks_again_only_what_got_no_answer(patient, server, tmp_path):
    path = tmp_path / "r"
    server.mishaps = [500] * 4
    first = Recording(path, patient)
    assert first.complete(request("one")).failure == "server error"
    first.complete(request("two"))
    path.write_text(path.read_text() + '{"key": "ab')  # killed while writing
    server.requests.clear()
    second = Recording(path, patient)
    assert second.complete(request("one")).completion.text == "You said one."
    assert second.complete(request("two")).completion.text == "You said two."
    assert len(server.requests) == 1
    assert Recording(path).complete(request("one")).completion.text == "You said one."


class AtOnce:
    """Answers two calls of the same request at the same time, each differently."""

    def __init__(self, *outcomes):
        self._outcomes = list(outcomes)
        self._both = threading.Barrier(2)

    def complete(self, request):
        outcome = self._outcomes.pop()
        self._both.wait(10)
        return outcome


def test_a_request_that_is_made_twice_at_once_has_one_outcome_and_the_replay_has_the_same(tmp_path):
    recording = Recording(tmp_path / "r", AtOnce(Outcome(Completion("yes")), Outcome(Completion("no"))))
    said = []
    threads = [threading.Thread(target=lambda: said.append(recording.complete(request("one")))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said[0] == said[1] == Recording(tmp_path / "r").complete(request("one"))
    assert len((tmp_path / "r").read_text().splitlines()) == 1


def test_what_got_no_answer_in_a_run_is_not_asked_again_by_the_same_run(patient, server, tmp_path):
    server.mishaps = [500] * 4
    recording = Recording(tmp_path / "r", patient)
    outcomes = [recording.complete(request("one")) for _ in range(2)]
    assert [outcome.failure for outcome in outcomes] == ["server error"] * 2
    assert Recording(tmp_path / "r").complete(request("one")).failure == "server error"


@pytest.mark.parametrize(
    "other", [request("two"), request("one", temperature=1.0), request("one", schema={"type": "object"})]
)
def test_another_request_is_missing_and_the_message_says_what_to_do(patient, tmp_path, other):
    Recording(tmp_path / "r", patient).complete(request("one"))
    with pytest.raises(ReplayMissing, match="record it again"):
        Recording(tmp_path / "r").complete(other)


def test_a_recording_that_is_none_is_told(tmp_path):
    (tmp_path / "r").write_text(json.dumps({"what": 1}) + "\n")
    with pytest.raises(DataNotReadable, match="r:1"):
        Recording(tmp_path / "r")
    with pytest.raises(DataNotReadable, match="no such recording"):
        Recording(tmp_path / "missing")
