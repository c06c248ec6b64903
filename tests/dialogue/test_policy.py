import random

import pytest
from chatedit.dialogue import policy
from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.dialogue_file import Act
from chatedit.dialogue.ontology import ONTOLOGY
from dialogue_strategies import photos, states
from hypothesis import given
from hypothesis import strategies as st


@given(states, photos, st.integers(0, 1000))
def test_the_policy_is_never_illogical(state, photo, seed):
    assert not policy.is_illogical(policy.next_act(state, photo, random.Random(seed)), state, photo)


@given(states, photos, st.integers(0, 1000), st.sets(st.sampled_from(ONTOLOGY.values)))
def test_the_policy_suggests_nothing_that_it_is_to_avoid(state, photo, seed, avoided):
    assert policy.next_act(state, photo, random.Random(seed), avoided).value not in avoided


@given(states, photos)
def test_a_suggestion_is_neither_held_nor_shown_nor_the_opposite_of_what_is_held(state, photo):
    held = {value for values in state.values() for value in values}
    for value in policy.logical_suggestions(state, photo):
        assert value not in held
        assert value not in photo


@pytest.mark.parametrize(
    ("act", "held", "photo"),
    [
        (Act("suggest", "hair", "bangs"), ["bangs"], []),
        (Act("suggest", "hair", "bangs"), ["no bangs"], []),
        (Act("suggest", "hair", "bangs"), [], ["bangs"]),
        (Act("suggest", "hair", "no beard"), ["goatee"], []),
        (Act("suggest", "makeup", "lipstick"), ["no makeup"], []),
        (Act("suggest", "expression", "sad"), ["smiling"], []),
        (Act("suggest", "hair color", "gray hair"), ["black hair"], []),
        (Act("request", "hair color"), ["black hair"], []),
    ],
)
def test_acts_that_repeat_or_contradict_are_illogical(act, held, photo):
    assert policy.is_illogical(act, from_values(held), photo)


@pytest.mark.parametrize(
    ("act", "held"),
    [
        (Act("next"), ["bangs"]),
        (Act("request", "makeup"), ["lipstick"]),
        (Act("suggest", "makeup", "rosy cheeks"), ["lipstick"]),
        (Act("suggest", "hair", "no bangs"), ["smiling"]),
    ],
)
def test_acts_that_go_together_with_the_state_are_logical(act, held):
    assert not policy.is_illogical(act, from_values(held), ["bangs"])


def test_an_absence_is_worth_asking_for_only_where_something_would_vanish():
    assert policy.is_worth_asking("no beard", ["goatee"])
    assert not policy.is_worth_asking("no beard", ["smiling"])
    assert not policy.is_worth_asking("no makeup", ["no makeup"])


def test_no_facial_hair_is_suggested_to_a_woman():
    assert policy.avoided("This is a photo of a young woman. She is smiling.") >= policy.FACIAL_HAIR
    assert not policy.avoided("This is a photo of a man.")


def test_all_three_acts_come_up():
    rng = random.Random(0)
    assert {policy.next_act(EMPTY, (), rng).type for _ in range(60)} == {"next", "request", "suggest"}
