import pytest
from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.eval.tables.wish import Wish, turn_wish


def state(*values):
    return from_values(values)


@pytest.mark.parametrize(
    ("before", "after", "shown", "wished"),
    [
        (EMPTY, state("blond hair"), ["brown hair"], ["blond hair"]),
        (state("blond hair"), state("blond hair", "bangs"), ["no bangs"], ["bangs"]),
        (state("blond hair"), state("black hair"), ["brown hair"], ["black hair"]),
        (state("blond hair", "bangs"), state("bangs"), ["brown hair"], ["brown hair"]),
        (state("bangs"), EMPTY, ["no bangs"], ["no bangs"]),
        (state("lipstick"), EMPTY, ["heavy makeup"], []),
        (state("bangs"), state("bangs"), [], []),
        (state("mustache", "goatee"), state("goatee"), ["no beard"], []),
    ],
)
def test_a_turn_alone_asks_for_what_it_adds_and_for_the_photos_own_where_it_takes_back(before, after, shown, wished):
    assert turn_wish(before, after, shown) == Wish.of(state(*wished))


def test_a_wish_keeps_values_outside_the_ontology():
    pink = {"hair color": frozenset(["pink hair"])}
    assert dict(Wish.of(pink).state) == pink
    assert Wish().is_empty
    assert not Wish(texts=("make her blond",)).is_empty
