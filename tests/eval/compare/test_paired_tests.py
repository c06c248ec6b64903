import pytest
from chatedit.eval.compare.paired_tests import compare_all, holm, mcnemar, paired_difference
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest


@pytest.mark.parametrize(("b", "c"), [(0, 0), (5, 5), (0, 6), (1, 9), (30, 12), (200, 260)])
def test_mcnemar_is_the_binomial_test_on_the_discordant_turns(b, c):
    expected = binomtest(b, b + c).pvalue if b + c else 1.0
    assert mcnemar(b, c) == pytest.approx(expected)
    assert mcnemar(b, c) == mcnemar(c, b)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_only_ever_raises_p_values(p_values):
    assert all(1.0 >= after >= before for before, after in zip(p_values, holm(p_values), strict=True))


def test_the_difference_is_of_accuracies_and_its_interval_is_paired():
    worse = [[index % 3 == 0, False] for index in range(60)]
    better = [[right, True] for right, _ in worse]
    interval = paired_difference(better, worse)
    assert interval.mean == pytest.approx(0.5)
    assert (interval.low, interval.high) == (pytest.approx(0.5), pytest.approx(0.5))  # the same gain in each dialogue


def test_every_pair_is_compared_once_with_its_discordant_turns():
    rows = {"a": [[True, True], [False]], "b": [[True, False], [False]], "c": [[False, False], [True]]}
    tests = compare_all(list(rows), list(rows.values()))
    assert [(t.one, t.other, t.only_one, t.only_other) for t in tests] == [
        ("a", "b", 1, 0),
        ("a", "c", 2, 1),
        ("b", "c", 1, 1),
    ]
    assert tests[0].difference.mean == pytest.approx(1 / 3)
    assert all(t.p_holm >= t.p_value for t in tests)
