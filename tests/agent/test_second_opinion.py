import threading

import pytest
from chatedit.agent import second_opinion
from chatedit.agent.second_opinion import SecondOpinion
from chatedit.dialogue import belief_state
from chatedit.dialogue.formats import Context
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


def test_the_last_record_can_be_waited_for_and_a_deleted_thread_leaves_none(tmp_path):
    other = Other()
    opinion = SecondOpinion(SecondTracker(other, "other"))
    setup = make(tmp_path, opinion=opinion)
    setup.talk.say("t", "add bangs")
    assert setup.talk.opinions("t") == []
    other.gate.set()
    [record] = setup.talk.opinions("t", timeout_s=20)
    assert record["agrees"] is True
    assert setup.talk.state("t")["opinions"] == [record]
    assert setup.talk.say("t", "add lipstick").turn["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}
    opinion.close()  # the last question is answered
    setup.talk.delete("t")
    assert opinion.collect("t") == []


def test_records_of_threads_that_nobody_goes_on_with_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(second_opinion, "MAX_THREADS", 2)
    other, bangs = Other(), belief_state.from_values(["bangs"])
    other.gate.set()
    opinion = SecondOpinion(SecondTracker(other, "other"))
    for thread in ("a", "b", "a", "c"):
        opinion.ask(thread, 1, Context("", (), "add bangs", belief_state.EMPTY), bangs)
    assert len(opinion.collect("c", timeout_s=20)) == 1
    assert (len(opinion.collect("a")), opinion.collect("b")) == (2, [])
    opinion.close()


def test_questions_beyond_the_limit_are_dropped_and_counted(tmp_path):
    other = Other()
    opinion = SecondOpinion(SecondTracker(other, "other"), max_waiting=1)
    setup = make(tmp_path, opinion=opinion)
    for utterance in ("add bangs", "add lipstick", "hello"):
        setup.talk.say("t", utterance)
    assert opinion.num_dropped == 2
    other.gate.set()
    opinion.close()
