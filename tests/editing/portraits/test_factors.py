import numpy as np
import pytest
from chatedit.dialogue.ontology import ONTOLOGY, excluded_by
from chatedit.editing.portraits.factors import (
    VALUES,
    Portrait,
    attributes_of,
    sample_portrait,
    sample_restyled,
    sample_varied_portrait,
    strength_of,
    unclear_of,
    with_state,
)


def samples(count: int, sampler=sample_portrait) -> list[Portrait]:
    rng = np.random.default_rng(11)
    return [sampler(rng) for _ in range(count)]


def test_the_values_are_those_of_the_ontology():
    assert ONTOLOGY.values == VALUES


@pytest.mark.parametrize("sampler", [sample_portrait, sample_varied_portrait])
def test_sampled_portraits_obey_the_exclusions(sampler):
    for portrait in samples(200, sampler):
        values = attributes_of(portrait)
        for slot in ("expression", "hair color"):
            assert len(values & set(ONTOLOGY.slots[slot])) == 1
        assert all(not values & excluded_by(value) for value in values)
        assert len(values & {"bangs", "no bangs"}) == 1


def test_an_everyday_portrait_is_clear_about_every_value():
    assert all(not unclear_of(portrait) for portrait in samples(100))


def test_every_value_occurs_among_sampled_portraits():
    seen = set().union(*(attributes_of(portrait) for portrait in samples(300)))
    assert seen == set(VALUES)


@pytest.mark.parametrize("value", VALUES)
def test_a_requested_value_is_there_and_what_it_excludes_is_gone(value):
    for portrait in samples(20):
        values = attributes_of(with_state(portrait, [value]))
        assert value in values
        assert not values & excluded_by(value)


def test_of_two_values_that_exclude_each_other_the_later_wins():
    values = attributes_of(with_state(samples(1)[0], ["goatee", "no beard", "smiling", "sad"]))
    assert {"no beard", "sad"} <= values
    assert not values & {"goatee", "smiling"}


def test_a_request_changes_nobody():
    portrait = samples(1)[0]
    assert with_state(portrait, ["angry", "lipstick"]).identity == portrait.identity


def test_a_restyled_portrait_is_the_same_person():
    portrait = samples(1)[0]
    assert sample_restyled(np.random.default_rng(1), portrait).identity == portrait.identity


def test_unknown_values_are_refused():
    portrait = samples(1)[0]
    with pytest.raises(ValueError, match="pink hair"):
        with_state(portrait, ["pink hair"])
    with pytest.raises(ValueError, match="pink hair"):
        strength_of(portrait, "pink hair")
    with pytest.raises(ValueError, match="pink hair"):
        Portrait(portrait.identity, portrait.scene, {"pink hair": 1.0})


def test_strengths_out_of_range_are_refused():
    portrait = samples(1)[0]
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        Portrait(portrait.identity, portrait.scene, {"smiling": 1.5})
