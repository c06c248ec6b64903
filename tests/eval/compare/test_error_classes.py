"""Worked by hand."""

import pytest
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.ontology import ONTOLOGY
from chatedit.eval.compare.error_classes import CLASSES, TurnError, failure_error, new_errors, state_errors

KNOWN = ONTOLOGY.values
MISSED_BANGS = TurnError("missed", "hair", expected="bangs")


def errors(predicted, gold, *earlier):
    states = [from_values(values) for values in (predicted, gold, *earlier)]
    return state_errors(states[0], states[1], states[2:], KNOWN)


def test_a_right_state_has_none():
    assert errors(["bangs", "sad"], ["sad", "bangs"]) == ()


def test_what_was_asked_for_and_is_not_there_is_missed():
    assert errors([], ["bangs"]) == (MISSED_BANGS,)


def test_what_nobody_asked_for_is_spurious():
    assert errors(["lipstick", "bangs"], ["bangs"]) == (TurnError("spurious", "makeup", "lipstick"),)


@pytest.mark.parametrize(
    ("predicted", "gold", "slot"),
    [
        ("black hair", "brown hair", "hair color"),
        ("no bangs", "bangs", "hair"),
        ("sideburns", "bangs", "hair"),
        ("pale skin", "rosy cheeks", "makeup"),
    ],
)
def test_another_value_in_the_place_of_the_right_one_is_one_error_not_two(predicted, gold, slot):
    assert errors([predicted], [gold]) == (TurnError("wrong value", slot, predicted, gold),)


def test_a_rival_stands_for_its_opposite_rather_than_for_any_value():
    found = errors(["no makeup"], ["pale skin", "lipstick"])
    assert set(found) == {
        TurnError("wrong value", "makeup", "no makeup", "lipstick"),
        TurnError("missed", "makeup", expected="pale skin"),
    }


def test_what_was_right_once_and_was_taken_back_or_replaced_is_stale():
    assert errors(["bangs"], [], ["bangs"]) == (TurnError("stale", "hair", "bangs"),)
    replaced = errors(["black hair"], ["blond hair"], ["black hair"])
    assert replaced == (TurnError("stale", "hair color", "black hair", "blond hair"),)
    beside = errors(["bangs"], ["mustache"], ["bangs"])  # nothing replaces bangs here but their opposite
    assert set(beside) == {TurnError("stale", "hair", "bangs"), TurnError("missed", "hair", expected="mustache")}


def test_a_value_that_does_not_exist_is_out_of_ontology():
    predicted = {"hair": frozenset({"curls"})}
    assert state_errors(predicted, {}, (), KNOWN) == (TurnError("out of ontology", "hair", "curls"),)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ("timeout", "no answer"),
        ("rate limit", "no answer"),
        ("malformed response", "no answer"),
        ("refusal", "refused"),
        ("half JSON", "unparsed"),
        ("contradiction", "unparsed"),
        ("unparsed", "unparsed"),
        ("out of ontology", "out of ontology"),
    ],
)
def test_turns_without_a_state_are_told_apart_from_wrong_states(failure, kind):
    assert failure_error(failure).kind == kind
    assert kind in CLASSES


def test_an_error_counts_where_it_is_made_not_as_long_as_it_stays():
    first = errors(["lipstick"], ["bangs"])
    assert new_errors(first, ()) == first
    second = errors(["lipstick", "sad"], ["bangs", "sad"])
    assert new_errors(second, first) == ()
    third = errors(["lipstick"], ["bangs", "sad"])
    assert new_errors(third, second) == (TurnError("missed", "expression", expected="sad"),)


def test_a_miss_behind_an_old_spurious_value_is_new():
    before = errors(["black hair"], [])
    assert new_errors(errors(["black hair"], ["blond hair"]), before) == (
        TurnError("missed", "hair color", expected="blond hair"),
    )


def test_another_wrong_value_for_the_same_miss_is_new():
    before = errors(["black hair"], ["blond hair"])
    after = errors(["gray hair"], ["blond hair"])
    assert new_errors(after, before) == after


def test_a_wrong_value_that_becomes_a_plain_miss_is_not_counted_again():
    assert new_errors(errors([], ["blond hair"]), errors(["black hair"], ["blond hair"])) == ()
