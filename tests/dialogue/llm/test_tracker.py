"""The tracker over a real local endpoint: whole dialogues, and everything that goes wrong on the way."""

import json
import pickle

import pytest
from chat_server import ChatServer
from chatedit.dialogue.belief_state import from_values, to_json
from chatedit.dialogue.llm.endpoint import OpenAiEndpoint
from chatedit.dialogue.llm.errors import AnswerNotReadable, CallFailed, EndpointUnusable, ExtraMissing, ReplayMissing
from chatedit.dialogue.llm.full_state import FullState
from chatedit.dialogue.llm.functions import Functions
from chatedit.dialogue.llm.patience import Patient
from chatedit.dialogue.llm.prices import load_prices, price_of
from chatedit.dialogue.llm.tracker import LlmTracker, open_llm_tracker
from chatedit.dialogue.llm.updates import Updates
from chatedit.dialogue.prediction import predict
from llm_examples import FIRST, SECOND, SHOT, THIRD, settings

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


def calls(**given):
    function = {"name": "edit_face", "arguments": json.dumps(given)}
    return {"message": {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]}}


SAYS_BLOND = {
    "updates": json.dumps({"hair color": "blond hair"}),
    "state": json.dumps({"expression": None, "hair color": "blond hair", "hair": [], "makeup": []}),
    "functions": calls(hair_color="blond hair"),
}
METHODS = [Updates(), FullState(), Functions()]


@pytest.fixture
def server():
    with ChatServer(lambda messages: "{}", USAGE) as server:
        yield server


def tracker(server, method, **changes):
    given = settings(server.url, **changes)
    return LlmTracker(method, Patient(OpenAiEndpoint(given), given, lambda _: None), given)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_a_turn_is_tracked_and_measured(server, method):
    server.answer = lambda messages: SAYS_BLOND[method.name]
    measured = tracker(server, method).measure(FIRST)
    assert measured.tracked.state == from_values(["blond hair"])
    assert measured.tracked.update.added == (("hair color", "blond hair"),)
    assert not measured.failure
    assert (measured.tokens_in, measured.tokens_out) == (1000, 100)
    assert measured.cost_usd == pytest.approx((1000 * 0.15 + 100 * 0.60) / 1e6)
    assert measured.latency_ms > 0


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
@pytest.mark.parametrize(
    ("mishap", "kind"),
    [
        ("hang", "timeout"),
        ("hangup", "connection"),
        (429, "rate limit"),
        (502, "server error"),
        (b"{", "malformed response"),
        ({"message": {"content": None, "refusal": "no"}}, "refusal"),
    ],
)
def test_a_turn_without_an_answer_keeps_the_state_and_is_no_wrong_state(server, method, mishap, kind):
    server.mishaps = [mishap] * 4
    measured = tracker(server, method).measure(SECOND)
    assert measured.failure == kind
    assert measured.tracked.state == SECOND.state
    assert measured.tracked.error.startswith(kind)
    assert measured.mishaps[kind] == (1 if kind == "refusal" else 4)


BAD = {
    "half JSON": {
        "updates": {"message": {"content": '{"hair": ["ba'}},
        "state": {"message": {"content": '{"hair": ["ba'}, "finish_reason": "length"},
        "functions": {
            "message": {
                "content": None,
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "edit_face", "arguments": '{"hair": ["ba'}}
                ],
            }
        },
    },
    "out of ontology": {
        "updates": '{"hair": "curls"}',
        "state": '{"hair": ["curls"]}',
        "functions": calls(hair=["curls"]),
    },
}


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
@pytest.mark.parametrize("kind", list(BAD))
def test_a_bad_answer_is_told_to_the_model_counted_and_made_good(server, method, kind):
    answers = [SAYS_BLOND[method.name], BAD[kind][method.name]]
    server.answer = lambda messages: answers.pop()
    measured = tracker(server, method).measure(FIRST)
    assert measured.tracked.state == from_values(["blond hair"])
    assert not measured.failure
    assert measured.mishaps == {kind: 1}
    assert measured.tokens_in == 2000  # both answers are paid for
    assert "could not be read" in server.requests[1]["messages"][-1]["content"]
    assert [m["role"] for m in server.requests[1]["messages"]][-3:] == ["user", "assistant", "user"]
    assert server.requests[1]["messages"][-2]["content"]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_an_answer_that_is_cut_before_it_says_anything_is_half_and_not_an_empty_update(server, method):
    server.answer = lambda messages: {"message": {"content": ""}, "finish_reason": "length"}
    assert tracker(server, method, corrections=0).measure(SECOND).failure == "half JSON"


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
@pytest.mark.parametrize("kind", list(BAD))
def test_answers_that_stay_bad_are_an_unparsed_turn(server, method, kind):
    server.answer = lambda messages: BAD[kind][method.name]
    measured = tracker(server, method, corrections=2).measure(SECOND)
    assert measured.failure == kind
    assert measured.mishaps == {kind: 3}
    assert measured.tracked.state == SECOND.state
    assert measured.tracked.error


def test_a_wrong_key_raises_instead_of_failing_turn_by_turn(server):
    server.mishaps = [401]
    with pytest.raises(EndpointUnusable):
        tracker(server, Updates()).track([FIRST])


def test_the_model_sees_its_own_earlier_answers(server):
    asked = tracker(server, Updates())
    server.answer = lambda messages: SAYS_BLOND["updates"]
    asked.measure(FIRST)
    asked.measure(SECOND)
    assert server.requests[1]["messages"][1] == {"role": "assistant", "content": SAYS_BLOND["updates"]}
    asked.measure(THIRD)
    assert [m["role"] for m in server.requests[2]["messages"]] == ["user", "assistant"] * 2 + ["user"]


def test_a_conversation_that_began_elsewhere_is_tracked_from_its_state(server):
    tracker(server, Updates()).measure(THIRD)
    assert json.loads(server.requests[0]["messages"][1]["content"]) == to_json(THIRD.state)


def test_contexts_are_asked_about_together_but_not_more_than_allowed(server):
    contexts = [type(FIRST)(f"photo {index}", (), "hello") for index in range(8)]
    assert len(tracker(server, Updates(), concurrency=3).track(contexts)) == 8
    assert server.most_at_once <= 3


def test_an_empty_utterance_costs_nothing(server):
    assert tracker(server, Updates()).measure(type(FIRST)("", (), "  ")).tokens_in == 0
    assert not server.requests


def test_the_total_cost_is_what_all_turns_cost(server):
    asked = tracker(server, Updates())
    asked.track([FIRST, SECOND])
    assert asked.total_cost_usd() == pytest.approx(2 * (1000 * 0.15 + 100 * 0.60) / 1e6)


def test_a_model_without_a_price_has_an_unknown_cost_not_none(server):
    given = settings(server.url).model_copy(update={"model": "mine"})
    measured = LlmTracker(Updates(), Patient(OpenAiEndpoint(given), given), given).measure(FIRST)
    assert measured.cost_usd is None
    assert measured.tokens_in == 1000


def test_a_whole_dialogue_is_predicted_by_the_protocol_of_all_trackers(server):
    """A model that answers as annotated gets every turn right: prompts, notes, merging and states fit together."""
    right = {
        "blond, with bangs": {"hair color": "blond hair", "hair": ["bangs"]},
        "sure, but drop the bangs": {"hair": "remove bangs", "makeup": "lipstick"},
        "start over": {"hair color": "none", "makeup": "none"},
    }
    server.answer = lambda messages: json.dumps(
        next(answer for words, answer in right.items() if messages[-1]["content"].endswith(f'"{words}"'))
    )
    asked = open_llm_tracker(Updates(shots=(SHOT,)), settings(server.url))
    [prediction] = predict([SHOT], lambda contexts, _: [(tracked, None) for tracked in asked.track(contexts)])
    assert prediction.states == tuple(turn.state for turn in SHOT.turns)


@pytest.mark.parametrize(
    "error",
    [
        EndpointUnusable("http://x", 401, "no"),
        CallFailed("timeout", "slow", 0.0),
        AnswerNotReadable("half JSON", "cut"),
        ReplayMissing("a.jsonl", "words"),
        ExtraMissing("langchain-openai", "llm"),
    ],
)
def test_errors_survive_pickling_and_speak(error):
    assert repr(pickle.loads(pickle.dumps(error))) == repr(error)
    assert str(error.args[0]) in str(error)


def test_prices_are_dated_and_found_for_snapshots_of_a_model():
    prices = load_prices()
    assert price_of("gpt-4o-mini-2024-07-18", prices) is prices["gpt-4o-mini"]
    assert price_of("gpt-4o", prices).usd_in == 2.5
    assert all(price.as_of.year >= 2024 for price in prices.values())
    assert price_of("llama", prices) is None
