"""What one edit is asked for, as belief states or as raw text, and what a turn alone asks for."""

from collections.abc import Collection
from dataclasses import dataclass

from ...dialogue import belief_state
from ...dialogue.belief_state import BeliefState, TurnUpdate
from ...dialogue.ontology import OPEN_ONTOLOGY, SINGLE_VALUED, excluded_by


@dataclass(frozen=True, slots=True)
class Wish:
    """What an edit is pulled towards: values, or texts as they were said ("Dial" of Table 5).

    Attributes:
        pairs: slots and values of a belief state.
        texts: utterances; where there are any, `pairs` is empty.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, state: BeliefState) -> "Wish":
        """The whole of a state."""
        return cls(belief_state.pairs(state))

    @property
    def state(self) -> BeliefState:
        """The values as a belief state."""
        return belief_state.apply(belief_state.EMPTY, TurnUpdate(self.pairs), OPEN_ONTOLOGY)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to edit towards."""
        return not self.pairs and not self.texts


def turn_wish(before: BeliefState, after: BeliefState, shown: Collection[str]) -> Wish:
    """What a turn alone asks for: what it adds, and for what it takes back the photo's own value.

    An editor that works on the last picture has no other way to take something back; where the photo shows no opposite
    (`no bangs` for `bangs`, its own hair colour for another) it has none, and the value stays.

    Args:
        shown: values that the original picture has.
    """
    added = [pair for pair in belief_state.pairs(after) if pair[1] not in before.get(pair[0], frozenset())]
    gone = [pair for pair in belief_state.pairs(before) if pair[1] not in after.get(pair[0], frozenset())]
    state = belief_state.EMPTY
    for slot, value in gone:
        for own in sorted(_own(slot, value, shown)):
            if not _conflicts(slot, own, after):
                state = belief_state.add(state, slot, own, OPEN_ONTOLOGY)
    for slot, value in added:
        state = belief_state.add(state, slot, value, OPEN_ONTOLOGY)
    return Wish.of(state)


def _own(slot: str, value: str, shown: Collection[str]) -> set[str]:
    """What the picture shows in place of a value."""
    others = OPEN_ONTOLOGY.slots[slot] if slot in SINGLE_VALUED else excluded_by(value)
    return {other for other in others if other in shown and other != value}


def _conflicts(slot: str, value: str, state: BeliefState) -> bool:
    """Whether the state asks for something that excludes `value`."""
    held = state.get(slot, frozenset())
    return bool(held) if slot in SINGLE_VALUED else bool(held & excluded_by(value))
