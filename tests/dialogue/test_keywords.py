import pytest
from chatedit.dialogue.belief_state import EMPTY, TurnUpdate, from_values, values
from chatedit.dialogue.formats import Context
from chatedit.dialogue.keywords import KeywordTracker, load_keywords
from chatedit.dialogue.ontology import ONTOLOGY


def tracked(user, held=(), system="", last=()):
    exchanges = (("earlier", system),) if system else ()
    state = from_values(held)
    update = TurnUpdate(added=tuple((ONTOLOGY.slot_of(value), value) for value in last))
    [result] = KeywordTracker().track([Context("", exchanges, user, state, update)])
    assert not result.error
    return list(values(result.state))


@pytest.mark.parametrize("value", ONTOLOGY.values)
def test_every_value_is_known_by_its_own_name(value):
    assert tracked(f"I'd like {value}, please.") == [value]


def test_every_value_has_keywords_and_no_other_has():
    assert set(load_keywords().values) == set(ONTOLOGY.values)


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("make her blond and give her red lips", ["blond hair", "lipstick"]),
        ("A goatee. Also, could he look furious?", ["angry", "goatee"]),
        ("remove her bangs", ["no bangs"]),
        ("take off the makeup", ["no makeup"]),
        ("I don't want him to smile", ["no smiling"]),
        ("shave it all off", ["no beard"]),
        ("leave her bangs, they are lovely", []),
        ("thanks, that looks great", []),
        ("what is the weather like?", []),
    ],
)
def test_words_are_found_and_negated(user, found):
    assert tracked(user) == found


def test_a_suggestion_is_accepted_or_declined():
    asked = "Done. How about some lipstick?"
    assert tracked("yes please", system=asked) == ["lipstick"]
    assert tracked("sure, and bangs", system=asked) == ["bangs", "lipstick"]
    assert tracked("no thanks", system=asked) == []
    assert tracked("nah, a goatee", system=asked) == ["goatee"]
    assert tracked("bangs", system=asked) == ["bangs"]
    assert tracked("yes", system="Done. What else?") == []


def test_requests_are_taken_back():
    held = ["blond hair", "lipstick"]
    assert tracked("drop the lipstick again", held) == ["blond hair"]
    assert tracked("never mind the blond", held) == ["lipstick"]
    assert tracked("undo that last one", held, last=["lipstick"]) == ["blond hair"]
    assert tracked("undo", held, last=["lipstick"]) == ["blond hair"]
    assert tracked("start over", held) == []
    assert tracked("undo the goatee", held) == held


def test_a_new_value_replaces_the_old():
    assert tracked("black hair instead", ["blond hair"]) == ["black hair"]


def test_what_says_nothing_changes_nothing():
    assert tracked("", ["sad"]) == tracked("   ?!", ["sad"]) == ["sad"]
    assert KeywordTracker().track([]) == []
    assert EMPTY == {}
