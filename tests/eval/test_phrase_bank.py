import functools
import operator

import pytest
from chatedit.eval.simulation.phrase_bank import SPLITS, load_phrase_bank, share_of, split_of
from hypothesis import given
from hypothesis import strategies as st

PHRASES = st.lists(
    st.text(st.characters(codec="ascii"), min_size=1), max_size=60, unique_by=lambda p: p.strip().lower()
)


@given(PHRASES)
def test_a_list_of_four_or_more_is_divided_and_every_split_has_some(phrases):
    shares = [share_of(phrases, split) for split in SPLITS]
    if len(phrases) < 4:
        assert shares == [phrases] * 3
    else:
        assert sorted(functools.reduce(operator.iadd, shares, [])) == sorted(phrases)
        assert shares[1]
        assert shares[2]


@given(st.text())
def test_case_and_blanks_do_not_move_a_phrase_to_another_split(phrase):
    assert split_of(f"  {phrase.strip().lower()} ") == split_of(phrase.lower())


def test_most_wording_is_for_training():
    bank = {split: load_phrase_bank(split) for split in SPLITS}
    sizes = {split: sum(len(p) for kinds in b.values.values() for p in kinds.values()) for split, b in bank.items()}
    total = sum(sizes.values())
    assert sizes["train"] / total == pytest.approx(0.84, abs=0.04)
    assert sizes["test"] / total == pytest.approx(0.08, abs=0.04)


def test_a_kind_that_a_value_lacks_is_an_error_and_not_the_bare_value():
    import random

    bank = load_phrase_bank("train")
    assert not bank.has("pink hair", "mention")
    with pytest.raises(KeyError, match="pink hair: no phrasing of mention"):
        bank.pick("pink hair", ("mention",), random.Random(0))
