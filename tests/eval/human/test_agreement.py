import pytest
from chatedit.eval.human.agreement import fleiss_kappa, mean_kappa, verdicts
from chatedit.eval.human.answers import Answer
from chatedit.eval.human.pairs import read_pairs
from chatedit.eval.human.study import QUESTIONS
from small_study import write_pairs

# Fleiss (1971), worked in many textbooks: 10 subjects, 14 raters, 5 categories, kappa 0.210
TEXTBOOK = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip
LEFT_ONE, LEFT_OTHER = Answer("one", "left"), Answer("other", "left")
RIGHT_OTHER = Answer("other", "right")


def test_kappa_is_that_of_the_textbook():
    assert fleiss_kappa(TEXTBOOK) == pytest.approx(0.2099, abs=1e-4)


def test_kappa_is_one_in_agreement_and_below_zero_where_raters_avoid_each_other():
    assert fleiss_kappa([(2, 0), (0, 2)]) == pytest.approx(1.0)
    assert fleiss_kappa([(1, 1), (1, 1)]) == pytest.approx(-1.0)


@pytest.mark.parametrize("counts", [[], [(1, 0), (0, 1)], [(3, 0), (3, 0)]])
def test_kappa_is_not_defined_without_items_or_raters_or_disagreement_by_chance(counts):
    assert fleiss_kappa(counts) is None


def test_kappa_refuses_items_with_different_numbers_of_votes():
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa([(2, 0), (0, 3)])


def test_the_majority_decides_each_pair(tmp_path):
    pairs = read_pairs(write_pairs(tmp_path, 4))

    def votes(*answers):
        return {(pair.id, "humanness"): a for pair, a in zip(pairs, answers, strict=False) if a is not None}

    said = {
        "ada": votes(LEFT_ONE, LEFT_ONE, RIGHT_OTHER, None),
        "bob": votes(LEFT_ONE, LEFT_OTHER, RIGHT_OTHER, None),
        "eve": votes(RIGHT_OTHER, None, RIGHT_OTHER, None),
    }
    verdict = next(v for v in verdicts(pairs, said) if v.question == "humanness")
    assert (verdict.wins_one, verdict.wins_other, verdict.ties, verdict.num_open) == (1, 1, 1, 1)
    assert (verdict.votes_one, verdict.votes_other, verdict.votes_left) == (3, 5, 4)
    assert (verdict.kappa_pairs, verdict.kappa_votes) == (2, 3)
    # by hand: items (2, 1) and (0, 3): mean agreement (1/3 + 1) / 2, by chance (1/3)^2 + (2/3)^2
    assert verdict.kappa == pytest.approx((2 / 3 - 5 / 9) / (1 - 5 / 9))
    assert verdict.p_value == 1.0


def test_kappa_does_not_wait_for_somebody_who_stopped_after_the_first_pair(tmp_path):
    pairs = read_pairs(write_pairs(tmp_path, 4))
    by_all = {(pair.id, "humanness"): LEFT_ONE if pair is pairs[0] else LEFT_OTHER for pair in pairs}
    said = {"ada": by_all, "bob": by_all, "eve": {(pairs[3].id, "humanness"): LEFT_ONE}}
    verdict = next(v for v in verdicts(pairs, said) if v.question == "humanness")
    assert (verdict.kappa_pairs, verdict.kappa_votes) == (3, 2)
    assert verdict.kappa == pytest.approx(1.0)


def test_pairs_with_a_single_vote_give_no_kappa(tmp_path):
    pairs = read_pairs(write_pairs(tmp_path, 3))
    said = {"ada": {(pair.id, "humanness"): LEFT_ONE for pair in pairs}}
    verdict = next(v for v in verdicts(pairs, said) if v.question == "humanness")
    assert (verdict.kappa, verdict.kappa_pairs, verdict.kappa_votes) == (None, 0, 0)


def test_the_mean_kappa_leaves_out_what_is_not_defined(tmp_path):
    pairs = read_pairs(write_pairs(tmp_path, 2))
    one, other = (pair.id for pair in pairs)
    said = {name: {(one, "humanness"): LEFT_ONE, (other, "humanness"): LEFT_OTHER} for name in ("ada", "bob")}
    results = verdicts(pairs, said)
    assert [v.question for v in results] == [q.name for q in QUESTIONS]
    assert mean_kappa(results) == pytest.approx(1.0)
    assert mean_kappa(verdicts(pairs, {})) is None
