"""The seven rules of design.md, section 3, and the state's forms."""

import json
from itertools import combinations

import pytest
from chatedit.dialogue import belief_state
from chatedit.dialogue.belief_state import EMPTY, TurnUpdate, add, apply, diff, from_values, remove, values
from chatedit.dialogue.errors import BeliefStateNotReadable, ContradictoryState, UnknownSlot, UnknownValue
from chatedit.dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY, SINGLE_VALUED, excluded_by
from dialogue_strategies import pairs, states, updates
from hypothesis import given


@given(states, pairs)
def test_rule_1_what_was_asked_earlier_stays_unless_the_new_value_replaces_it(state, pair):
    slot, value = pair
    replaced = set(state.get(slot, ())) if slot in SINGLE_VALUED else excluded_by(value)
    assert set(values(add(state, slot, value))) == (set(values(state)) - replaced) | {value}


@given(states, pairs)
def test_rule_2_expression_and_hair_color_hold_one_value(state, pair):
    after = add(state, *pair)
    assert all(len(after.get(slot, ())) <= 1 for slot in SINGLE_VALUED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bangs", "no bangs"),
        ("no beard", "mustache"),
        ("no beard", "goatee"),
        ("no makeup", "heavy makeup"),
        ("no makeup", "lipstick"),
        ("no makeup", "rosy cheeks"),
    ],
)
def test_rule_3_excluded_values_replace_each_other_both_ways(one, other):
    assert values(from_values([one, other])) == (other,)
    assert values(from_values([other, one])) == (one,)


def test_rule_3_everything_else_goes_together():
    replacing = {frozenset(p) for p in combinations(ONTOLOGY.values, 2) if len(values(from_values(p))) == 1}
    single = {frozenset(p) for slot in SINGLE_VALUED for p in combinations(ONTOLOGY.slots[slot], 2)}
    assert len(replacing - single) == 6
    assert single <= replacing


@given(states, pairs)
def test_rule_4_adding_what_is_there_changes_nothing(state, pair):
    once = add(state, *pair)
    assert add(once, *pair) == once


@given(states, pairs)
def test_rule_5_taking_back_removes_the_value_and_nothing_else(state, pair):
    assert set(values(remove(state, *pair))) == set(values(state)) - {pair[1]}


def test_rule_5_no_bangs_is_a_value_and_not_a_removal():
    assert values(from_values(["bangs", "no bangs"])) == ("no bangs",)


@given(states, updates)
def test_rule_6_starting_over_forgets_all_that_came_before(state, update):
    fresh = TurnUpdate(update.added, (), is_reset=True)
    assert apply(state, fresh) == apply(EMPTY, TurnUpdate(update.added))


@given(states)
def test_rule_7_an_empty_update_changes_nothing(state):
    assert apply(state, belief_state.NO_CHANGE) == state


@given(states, updates)
def test_every_reachable_state_is_free_of_contradictions(state, update):
    after = apply(state, update)
    assert belief_state.from_json(belief_state.to_json(after)) == after


@given(states, updates)
def test_applying_never_changes_the_state_it_is_given(state, update):
    before = belief_state.to_json(state)
    apply(state, update)
    assert belief_state.to_json(state) == before


@given(states)
def test_the_text_form_round_trips(state):
    assert belief_state.from_text(belief_state.to_text(state)) == state
    assert belief_state.parse(belief_state.to_text(state)) == state


@given(states)
def test_the_json_form_round_trips(state):
    assert belief_state.parse(json.dumps(belief_state.to_json(state))) == state


@given(states, states)
def test_the_difference_of_two_states_leads_from_one_to_the_other(before, after):
    assert apply(before, diff(before, after)) == after


@given(states)
def test_a_state_differs_from_itself_in_nothing(state):
    assert diff(state, state).is_empty


@given(states, states)
def test_no_smaller_update_leads_there(before, after):
    update = diff(before, after)
    for index in range(len(update.added)):
        fewer = TurnUpdate(update.added[:index] + update.added[index + 1 :], update.removed, update.is_reset)
        assert apply(before, fewer) != after
    for index in range(len(update.removed)):
        fewer = TurnUpdate(update.added, update.removed[:index] + update.removed[index + 1 :])
        assert apply(before, fewer) != after


def test_the_text_form_is_the_one_of_the_design():
    state = from_values(["lipstick", "black hair", "pale skin"])
    assert belief_state.to_text(state) == "hair color: black hair; makeup: lipstick, pale skin"
    assert belief_state.to_text(EMPTY) == ""


def test_a_state_cannot_be_changed_in_place():
    with pytest.raises(TypeError):
        from_values(["bangs"])["hair"] = frozenset()  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("hat: red", UnknownSlot),
        ("hair: pink hair", UnknownValue),
        ("curls", UnknownValue),
        ("hair: bangs, no bangs", ContradictoryState),
        ("expression: sad, angry", ContradictoryState),
        ("hair: bangs,", BeliefStateNotReadable),
        ("{", BeliefStateNotReadable),
        ('{"hair": "bangs"}', BeliefStateNotReadable),
        ('{"hair": [1]}', BeliefStateNotReadable),
    ],
)
def test_what_cannot_be_a_state_is_refused_with_a_typed_error(text, error):
    with pytest.raises(error):
        belief_state.parse(text)


def test_json_that_is_no_object_is_refused():
    with pytest.raises(BeliefStateNotReadable):
        belief_state.from_json(["bangs"])


def test_an_open_state_holds_values_outside_the_ontology():
    state = add(from_values(["brown hair"]), "hair color", "pink hair", OPEN_ONTOLOGY)
    assert belief_state.to_json(state) == {"hair color": ["pink hair"]}
    with pytest.raises(UnknownValue):
        add(EMPTY, "hair color", "pink hair")
