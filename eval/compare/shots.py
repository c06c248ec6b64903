"""Examples for language models, from the training split."""

import random
from collections.abc import Sequence

from ...dialogue.belief_state import values
from ...dialogue.dialogue_file import Dialogue
from ...dialogue.ontology import ONTOLOGY
from ..data_set import build, parts
from .turn_kinds import turn_kinds

_POOL = 300  # simulated dialogues to choose from


def simulated_training_dialogues(seed: int) -> list[Dialogue]:
    """Dialogues in the wording of the training split, where no file is given."""
    [part] = [part for part in parts(_POOL, 0, 0, 0, 0) if part.name == "train"]
    return list(build(part, seed))


def unlike(pool: Sequence[Dialogue], compared: Sequence[Dialogue]) -> list[Dialogue]:
    """Dialogues of a pool whose users say something else than those of the compared ones."""
    said = {_said(dialogue) for dialogue in compared}
    return [dialogue for dialogue in pool if _said(dialogue) not in said]


def choose_shots(pool: Sequence[Dialogue], count: int, seed: int) -> tuple[Dialogue, ...]:
    """`count` dialogues that show as many kinds of turns as they can: each time the one with the most new ones.

    Raises:
        ValueError: the pool has not so many annotated dialogues.
    """
    usable = [dialogue for dialogue in pool if _is_usable(dialogue)]
    if len(usable) < count:
        raise ValueError(f"{count} examples wanted, {len(usable)} annotated dialogues to choose from")
    random.Random(seed).shuffle(usable)
    chosen: list[Dialogue] = []
    seen: set[str] = set()
    for _ in range(count):
        best = max(usable, key=lambda dialogue: len(set(turn_kinds(dialogue)) - seen))
        usable.remove(best)
        chosen.append(best)
        seen |= set(turn_kinds(best))
    return tuple(chosen)


def _said(dialogue: Dialogue) -> tuple[str, ...]:
    return tuple(turn.user for turn in dialogue.turns)


def _is_usable(dialogue: Dialogue) -> bool:
    """Annotated and answered throughout, and within the ontology."""
    turns = dialogue.turns
    return bool(turns) and all(
        turn.state is not None and turn.system and all(value in ONTOLOGY.values for value in values(turn.state))
        for turn in turns
    )
