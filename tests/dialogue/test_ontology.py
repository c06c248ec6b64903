import pickle

import pytest
from chatedit.dialogue.errors import (
    BeliefStateNotReadable,
    ContradictoryState,
    DataNotReadable,
    ModelNotFound,
    OutputNotReadable,
    UnknownSlot,
    UnknownValue,
)
from chatedit.dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY, UNSEEN, excluded_by


def test_the_ontology_is_the_papers_table_2():
    assert {slot: len(values) for slot, values in ONTOLOGY.slots.items()} == {
        "expression": 4,
        "hair color": 4,
        "hair": 7,
        "makeup": 6,
    }
    assert len(set(ONTOLOGY.values)) == 21


def test_unseen_values_are_the_papers_table_9_and_none_is_in_the_ontology():
    unseen = [value for values in UNSEEN.values() for value in values]
    assert len(unseen) == 7
    assert not set(unseen) & set(ONTOLOGY.values)
    assert all(OPEN_ONTOLOGY.slot_of(value) in UNSEEN for value in unseen)


def test_every_value_is_found_in_its_slot():
    assert all(value in ONTOLOGY.slots[ONTOLOGY.slot_of(value)] for value in ONTOLOGY.values)


def test_exclusion_is_mutual():
    for value in ONTOLOGY.values:
        assert all(value in excluded_by(other) for other in excluded_by(value))


def test_an_unknown_slot_is_named_with_the_known_ones():
    with pytest.raises(UnknownSlot, match=r"'hat'.*expression"):
        ONTOLOGY.check("hat", "red hat")


def test_an_unknown_value_is_named_with_the_known_ones():
    with pytest.raises(UnknownValue, match=r"'pink hair'.*'hair color'.*blond hair"):
        ONTOLOGY.check("hair color", "pink hair")


def test_the_open_ontology_takes_any_value_but_no_empty_one_and_no_new_slot():
    OPEN_ONTOLOGY.check("hair", "dreadlocks")
    with pytest.raises(UnknownValue):
        OPEN_ONTOLOGY.check("hair", "")
    with pytest.raises(UnknownSlot):
        OPEN_ONTOLOGY.check("hat", "dreadlocks")


@pytest.mark.parametrize(
    "error",
    [
        UnknownSlot("hat", ("hair",)),
        UnknownValue("hair", "curls", ("bangs",)),
        ContradictoryState("bangs", "no bangs"),
        BeliefStateNotReadable("{", "no object"),
        OutputNotReadable("x", "why"),
        DataNotReadable("a.jsonl:3", "missing field 'user'"),
        ModelNotFound("m", "no config"),
    ],
)
def test_errors_survive_pickling(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
