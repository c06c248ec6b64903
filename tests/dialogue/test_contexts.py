import pytest
from chatedit.dialogue.belief_state import EMPTY, TurnUpdate, diff, from_values
from chatedit.dialogue.contexts import as_said

ONE, TWO = from_values(["bangs"]), from_values(["bangs", "sad"])
DROPPED = TurnUpdate(removed=(("hair", "bangs"),))
BOTH_DROPPED = TurnUpdate(removed=(("expression", "sad"), ("hair", "bangs")))
RESET = TurnUpdate(is_reset=True)


@pytest.mark.parametrize(
    ("before", "kind", "said"),
    [
        (ONE, "start over", RESET),
        (ONE, "undo named", DROPPED),
        (ONE, "scene", DROPPED),
        (ONE, "", DROPPED),
        (TWO, "undo two", BOTH_DROPPED),
        (TWO, "scene", RESET),
        (TWO, "", RESET),
    ],
)
def test_a_reset_is_what_was_said_and_not_what_was_left(before, kind, said):
    assert as_said(diff(before, EMPTY), before, kind) == said
