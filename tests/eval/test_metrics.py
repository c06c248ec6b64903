"""Worked by hand."""

import pytest
from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.dialogue_file import Act, Prediction
from chatedit.eval import metrics
from hypothesis import given
from hypothesis import strategies as st
from small_dialogues import BLOND, STERN

BANGS, BOTH, SAD = from_values(["bangs"]), from_values(["bangs", "lipstick"]), from_values(["sad"])


def test_joint_accuracy_counts_turns_whose_whole_state_is_right():
    assert metrics.joint_goal_accuracy([BANGS, BOTH, SAD, EMPTY], [BANGS, BANGS, EMPTY, EMPTY]) == 0.5


def test_a_hallucinated_value_makes_the_turn_wrong():
    assert metrics.joint_goal_accuracy([BOTH], [BANGS]) == 0.0


def test_output_that_does_not_parse_is_wrong_even_when_gold_is_empty():
    assert metrics.joint_goal_accuracy([None], [EMPTY]) == 0.0


@pytest.mark.parametrize(("predicted", "gold"), [([], []), ([BANGS], [BANGS, BANGS])])
def test_what_cannot_be_scored_is_refused(predicted, gold):
    with pytest.raises(ValueError, match="predictions for"):
        metrics.joint_goal_accuracy(predicted, gold)


def test_slot_f1_over_all_pairs():
    # found 3 (bangs; bangs, lipstick), wanted 3 (bangs, bangs, sad), right 2
    score = metrics.slot_f1([BANGS, BOTH, None], [BANGS, BANGS, SAD])
    assert score == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_slot_f1_as_the_mean_over_turns():
    # turns: 1, P 1/2 R 1 F 2/3, 0, and nothing wanted and nothing found: 1
    score = metrics.slot_f1_macro([BANGS, BOTH, None, EMPTY], [BANGS, BANGS, SAD, EMPTY])
    assert score == pytest.approx(((1 + 0.5 + 0 + 1) / 4, (1 + 1 + 0 + 1) / 4, (1 + 2 / 3 + 0 + 1) / 4))


def test_distinct_n_divides_by_the_number_of_words():
    texts = ["the cat sat", "The cat ran"]
    assert metrics.distinct(texts, 1) == 4 / 6  # the, cat, sat, ran
    assert metrics.distinct(texts, 2) == 3 / 6  # the cat, cat sat, cat ran


def test_distinct_in_groups_is_the_mean_over_full_groups():
    texts = ["a b", "a b", "a b", "c d", "e f"]
    assert metrics.distinct_in_groups(texts, 1, size=2) == (0.5 + 1.0) / 2
    assert metrics.distinct_in_groups(["a a"], 1, size=2) == 0.5


def test_distinct_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no words"):
        metrics.distinct(["", " "], 1)


def test_bleu_is_one_hundred_for_the_reference_itself_and_names_its_signature():
    score, signature = metrics.bleu(["Done. What would you like next?"], ["Done. What would you like next?"])
    assert score == pytest.approx(100.0)
    assert "tok:13a" in signature
    assert metrics.bleu(["Something else altogether, my friend."], ["Done. What would you like next?"])[0] < 10


def test_acts_that_repeat_or_cannot_be_read_are_illogical():
    acts = [Act("suggest", "hair", "bangs"), Act("next"), None, Act("suggest", "makeup", "lipstick")]
    assert metrics.illogical_share(acts, [BANGS, BANGS, BANGS, BANGS], [(), (), (), ("lipstick",)]) == 0.75


def test_accuracy_by_turn_is_over_the_dialogues_that_have_it():
    assert metrics.by_turn_index([[True, False, True], [True, True], [False]]) == {1: 2 / 3, 2: 0.5, 3: 1.0}


def test_accuracy_by_kind_comes_with_its_number_of_turns():
    kinds = metrics.by_kind([[True, False, True], [False, True]], [BLOND, STERN])
    assert kinds == {"accept": (0.0, 1), "request": (0.5, 2), "start over": (1.0, 1), "undo named": (1.0, 1)}


def test_predictions_are_matched_by_id():
    predictions = [
        Prediction("stern", tuple(turn.state for turn in STERN.turns), ()),
        Prediction("blond", (from_values(["blond hair"]), None, EMPTY), ()),
    ]
    assert metrics.matches_by_dialogue(predictions, [BLOND, STERN]) == [[True, False, False], [True, True]]


def test_an_id_that_comes_twice_is_refused():
    predictions = [Prediction(d.id, tuple(turn.state for turn in d.turns), ()) for d in (BLOND, STERN)]
    with pytest.raises(ValueError, match="several predictions have the id blond"):
        metrics.matches_by_dialogue([*predictions, predictions[0]], [BLOND, STERN])
    with pytest.raises(ValueError, match="several dialogues have the id stern"):
        metrics.matches_by_dialogue(predictions, [BLOND, STERN, STERN])


def test_a_dialogue_without_a_prediction_is_refused():
    with pytest.raises(ValueError, match="no prediction for dialogue stern"):
        metrics.matches_by_dialogue([], [STERN])


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=20))
def test_the_bootstrap_interval_lies_in_the_range_and_its_mean_is_the_mean(matches):
    interval = metrics.bootstrap(matches, resamples=80)
    flat = [match for row in matches for match in row]
    assert interval.mean == pytest.approx(sum(flat) / len(flat))
    assert 0 <= interval.low <= interval.high <= 1


def test_the_interval_of_a_perfect_model_is_a_point_and_of_a_coin_about_as_wide_as_the_theory_says():
    assert metrics.bootstrap([[True, True]] * 5) == (1.0, 1.0, 1.0)
    coin = metrics.bootstrap([[index % 2 == 0] for index in range(400)])
    assert coin.high - coin.low == pytest.approx(4 * (0.25 / 400) ** 0.5, rel=0.15)
