"""Worked by hand on the two small dialogues."""

import json

import pytest
from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.dialogue_file import Dialogue, Prediction, Turn
from chatedit.dialogue.measured import Measured
from chatedit.dialogue.protocols import Tracked
from chatedit.eval.compare.comparison import compare, cost_of
from chatedit.eval.compare.run import run_of_predictions, run_tracker
from chatedit.eval.errors import PredictionsDoNotFit
from small_dialogues import BLOND, STERN
from small_runs import CAREFUL, DIALOGUES, FAILING, PERFECT


@pytest.fixture(scope="module")
def compared():
    return compare([CAREFUL, FAILING, PERFECT], DIALOGUES)


def test_an_error_is_counted_once_and_then_carried(compared):
    careful = compared.trackers[0]
    assert careful.joint_accuracy.mean == 2 / 5
    assert careful.errors == {"wrong value": 1, "stale": 1}  # black for blond at turn 1; bangs, taken back at turn 3
    assert careful.carried == 1  # turn 2
    assert careful.by_turn == {1: (0.5, 2), 2: (0.5, 2), 3: (0.0, 1)}
    assert careful.by_kind["accepts a suggestion"] == (0.0, 1)
    assert careful.clean_by_kind["accepts a suggestion"] == (1.0, 1)
    assert careful.by_file_kind["start over"] == (1.0, 1)


def test_failures_are_told_apart_from_wrong_states_and_from_each_other(compared):
    failing = compared.trackers[1]
    assert failing.errors == {"no answer": 1, "refused": 1, "unparsed": 1, "out of ontology": 1}
    assert failing.failures == {"timeout": 1, "refusal": 1, "half JSON": 1, "out of ontology": 1}
    assert failing.mishaps["timeout"] == 2
    assert failing.joint_accuracy.mean == 1 / 5
    assert failing.answered_accuracy == 1 / 3  # of three turns that got an answer


def test_the_annotation_itself_is_perfect(compared):
    perfect = compared.trackers[2]
    assert perfect.joint_accuracy == (1.0, 1.0, 1.0)
    assert perfect.slot_f1.f1 == perfect.answered_accuracy == 1.0
    assert not perfect.errors
    assert perfect.carried == 0


def test_pairs_are_tested_on_the_same_turns(compared):
    pair = compared.pairs[1]
    assert (pair.one, pair.other, pair.only_one, pair.only_other) == ("careful", "perfect", 0, 3)
    assert pair.p_value == 0.25
    assert pair.difference.mean == pytest.approx(-3 / 5)


def test_costs_are_sums_and_percentiles_and_what_is_not_known_is_not_made_up(compared):
    cost = compared.trackers[0].cost
    assert (cost.p50_ms, cost.p95_ms) == (10.0, 10.0)
    assert (cost.tokens_in, cost.tokens_out, cost.usd, cost.usd_per_dialogue) == (500, 50, 2.5, 1.25)
    failing = compared.trackers[1].cost
    assert failing.usd is failing.tokens_in is None
    assert failing.p50_ms == 40.0


def test_percentiles_of_known_times():
    turns = [Measured(Tracked(EMPTY), latency_ms=float(ms)) for ms in range(101)]
    assert (cost_of(turns, 1).p50_ms, cost_of(turns, 1).p95_ms) == (50.0, 95.0)
    assert cost_of([Measured(Tracked(EMPTY))], 1).p50_ms is None
    assert cost_of([Measured(Tracked(EMPTY), latency_ms=7.0)], 1).p95_ms == 7.0


def test_everything_goes_into_json(compared):
    record = json.loads(json.dumps(compared.to_json()))
    assert record["trackers"][0]["errors"] == {"wrong value": 1, "stale": 1}
    assert record["pairs"][0]["difference"]["low"] <= record["pairs"][0]["difference"]["high"]


def test_dialogues_without_annotation_are_refused():
    bare = Dialogue("bare", "", (), (Turn("hello"),))
    run = run_of_predictions("p", [Prediction("bare", (EMPTY,), ())], [bare])
    with pytest.raises(PredictionsDoNotFit, match="bare is not annotated"):
        compare([run], [bare])


def test_predictions_for_other_dialogues_are_refused():
    with pytest.raises(PredictionsDoNotFit, match="no prediction for all turns of dialogue blond"):
        run_of_predictions("p", [Prediction("blond", (EMPTY,), ())], [BLOND])


def test_predictions_that_could_not_be_read_are_unparsed():
    states = (from_values(["blond hair"]), None, EMPTY)
    [scores] = compare([run_of_predictions("p", [Prediction("blond", states, ())], [BLOND])], [BLOND]).trackers
    assert scores.errors == {"unparsed": 1, "missed": 1}
    assert scores.cost.usd is None


class Echo:
    """Adds what it hears to its state, and remembers what it was shown."""

    def __init__(self):
        self.contexts = []

    def measure(self, context):
        self.contexts.append(context)
        known = from_values(["bangs"]) if "yes" in context.user else context.state
        return Measured(Tracked(known))


def test_a_tracker_sees_its_own_states_and_the_systems_words_of_the_file():
    echo, seen = Echo(), []
    run = run_tracker("echo", echo, [BLOND, STERN], 1, lambda: seen.append(1))
    assert [len(row) for row in run.dialogues] == [3, 2]
    assert len(seen) == 5
    last = echo.contexts[2]
    assert last.exchanges == (("make her blond", "Done. Bangs?"), ("yes please", "Here they are. What next?"))
    assert last.state == from_values(["bangs"])


def test_the_order_of_dialogues_is_kept_when_several_run_at_a_time():
    many = [Dialogue(str(i), f"photo {i}", (), (Turn("yes" if i % 3 else "no", EMPTY),)) for i in range(40)]
    run = run_tracker("echo", Echo(), many, 8)
    assert [bool(row[0].tracked.state) for row in run.dialogues] == [bool(i % 3) for i in range(40)]
