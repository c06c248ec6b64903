"""Rule-based replies in the style of Talk-to-Edit (Jiang et al. 2021), for the baseline of Table 6.

That baseline hears each utterance alone (`Predictions.alone`) and edits on top of the last picture (`row.by_turn`).
Talk-to-Edit's editor and language encoder are not rebuilt: both sides use the same ones, so that what differs is what
the paper compares, the cascade and the rules.
"""

import random
from collections.abc import Sequence

from ...dialogue import belief_state
from ...dialogue.belief_state import BeliefState
from ...dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY


def replies(states: Sequence[BeliefState], seed: int) -> list[str]:
    """Rule-based replies: tell what was edited from a template, then ask or suggest in fixed turn.

    Like theirs, the rules know the edits and not the words: no sentence is made for a situation that they do not name.
    """
    rng = random.Random(seed)
    said, before = [], belief_state.EMPTY
    for index, state in enumerate(states):
        added = belief_state.diff(before, state, OPEN_ONTOLOGY).added
        said.append(f"{_told(added)} {_asked(state, index, rng)}")
        before = state
    return said


def _told(added: Sequence[tuple[str, str]]) -> str:
    if not added:
        return "Sorry, I did not find an attribute to edit."
    return f"I have edited the {' and the '.join(dict.fromkeys(slot for slot, _ in added))}."


def _asked(state: BeliefState, index: int, rng: random.Random) -> str:
    """Whether it is right, then the next attribute, in turn."""
    if index % 2 == 0:
        return "Is this what you want? What else would you like to edit?"
    free = [slot for slot in ONTOLOGY.slots if slot not in state] or list(ONTOLOGY.slots)
    return f"Do you want to edit the {rng.choice(free)}?"
