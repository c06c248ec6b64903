"""From dialogues to the contexts of their turns: what a model knows before each user turn."""

from collections.abc import Sequence

from . import belief_state
from .belief_state import NO_CHANGE, BeliefState, TurnUpdate
from .dialogue_file import Dialogue
from .formats import Context
from .ontology import OPEN_ONTOLOGY


def context_at(dialogue: Dialogue, turn: int, states: Sequence[BeliefState], systems: Sequence[str]) -> Context:
    """Context of turn `turn` (from 0), given the states and system utterances of the turns before it.

    The states are the model's own at prediction time and the annotated ones in training.
    """
    exchanges = tuple((dialogue.turns[i].user, systems[i]) for i in range(turn))
    state = states[turn - 1] if turn else belief_state.EMPTY
    before = states[turn - 2] if turn > 1 else belief_state.EMPTY
    last_update = belief_state.diff(before, state, OPEN_ONTOLOGY) if turn else NO_CHANGE
    return Context(dialogue.caption, exchanges, dialogue.turns[turn].user, state, last_update)


def as_said(update: TurnUpdate, before: BeliefState, kind: str) -> TurnUpdate:
    """The difference that an annotated turn makes to the state `before`, as its user said it.

    A reset that only happens to be one, since all that there was is taken back, becomes dropped values. Where the kind
    of the turn does not tell, a user who takes back several values at once starts over.
    """
    held = belief_state.pairs(before)
    is_telling = kind not in ("", "scene")
    if update.is_reset and kind != "start over" and (len(held) == 1 or is_telling):
        return TurnUpdate(update.added, held)
    return update
