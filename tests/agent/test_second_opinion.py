import threading

from chatedit.agent.second_opinion import SecondOpinion
from chatedit.dialogue import belief_state
from chatedit.dialogue.protocols import Tracked
from chatedit.dialogue.second_trackers import SecondTracker
from one_conversation import make


class Other:
    """Always says bangs; waits for `gate`, costs a cent a call."""

    def __init__(self) -> None:
        self.gate, self.cost = threading.Event(), 0.0

    def track(self, contexts):
        assert self.gate.wait(20)
        self.cost += 0.01
        if contexts[0].user == "add sad":
            raise ConnectionError("no network")
        return [Tracked(belief_state.from_values(["bangs"]))]


def test_the_turn_does_not_wait_and_what_the_other_thought_is_recorded(tmp_path):
    other, recorded = Other(), threading.Event()
    opinion = SecondOpinion(SecondTracker(other, "other", lambda: other.cost), on_record=lambda _: recorded.set())
    setup = make(tmp_path, opinion=opinion)
    try:
        answer = setup.talk.say("t", "add bangs")  # the other tracker is stuck all the while
        assert answer.turn["belief_state"] == {"hair": ["bangs"]}
        assert setup.talk.state("t")["opinions"] == []
        other.gate.set()
        assert recorded.wait(20)
        setup.talk.say("t", "hello")
        [record] = setup.talk.state("t")["opinions"][:1]
        assert (record["turn"], record["tracker"], record["agrees"]) == (1, "other", True)
        assert abs(record["cost_usd"] - 0.01) < 1e-9
        assert record["latency_ms"] > 0
    finally:
        other.gate.set()
        opinion.close()


def test_a_second_tracker_that_breaks_or_disagrees_breaks_nothing(tmp_path):
    other, records = Other(), []
    other.gate.set()
    opinion = SecondOpinion(SecondTracker(other, "other"), on_record=records.append)
    setup = make(tmp_path, opinion=opinion)
    assert setup.talk.say("t", "add sad").turn["belief_state"] == {"expression": ["sad"]}
    assert setup.talk.say("t", "add lipstick").error is None
    opinion.close()
    assert [(r["agrees"], r["error"]) for r in records] == [(None, "ConnectionError: no network"), (False, "")]


def test_questions_beyond_the_limit_are_dropped_and_counted(tmp_path):
    other = Other()
    opinion = SecondOpinion(SecondTracker(other, "other"), max_waiting=1)
    setup = make(tmp_path, opinion=opinion)
    for utterance in ("add bangs", "add lipstick", "hello"):
        setup.talk.say("t", utterance)
    assert opinion.num_dropped == 2
    other.gate.set()
    opinion.close()
