"""Hand-written dialogues of the phrase bank, as dialogues of the data set."""

import random
from collections.abc import Collection, Mapping
from typing import Any

from ...dialogue import belief_state
from ...dialogue.belief_state import BeliefState
from ...dialogue.dialogue_file import Act, Dialogue, Turn
from ...dialogue.ontology import ONTOLOGY
from .photo import describe
from .style import mistype

_MANS = frozenset({"mustache", "goatee", "sideburns", "receding hairline"})


def scene_dialogue(scene: Mapping[str, Any], name: str, rng: random.Random) -> Dialogue:
    """A scene with its states worked out by the rules; now and then a slip of the finger is added.

    Raises:
        ValueError: the scene breaks the rules of the bank (an unknown value or act, or taking back what is not there).
    """
    state = belief_state.EMPTY
    turns = []
    for number, turn in enumerate(scene["turns"]):
        state = _after(state, turn["update"], f"scene {scene['id']}, turn {number + 1}")
        user = turn["user"] if rng.random() < 0.75 else mistype(turn["user"], rng)
        turns.append(Turn(user, state, turn["system"], parse_act(turn["act"]), "scene"))
    attributes = tuple(v for v in scene["attributes"] if v in ONTOLOGY.values)
    is_male = _is_male(scene["person"], attributes, rng)
    return Dialogue(name, describe(is_male, rng.random() < 0.7, attributes, rng), attributes, tuple(turns))


def _is_male(person: str, attributes: Collection[str], rng: random.Random) -> bool:
    """Whom the caption shows; where the scene does not say, facial hair tells a man, and else chance decides."""
    if person in ("man", "woman"):
        return person == "man"
    return not _MANS.isdisjoint(attributes) or rng.random() < 0.4


def parse_act(text: str) -> Act:
    """`next`, `request hair color` or `suggest bangs`."""
    kind, _, rest = text.partition(" ")
    if kind == "suggest":
        return Act("suggest", ONTOLOGY.slot_of(rest), rest)
    if kind == "request" and rest in ONTOLOGY.slots:
        return Act("request", rest)
    if text == "next":
        return Act("next")
    raise ValueError(f"unknown act {text!r}")


def _after(state: BeliefState, update: list[str], where: str) -> BeliefState:
    for change in update:
        value = change[1:]
        if change == "reset":
            state = belief_state.EMPTY
        elif change[0] == "+":
            state = belief_state.add(state, ONTOLOGY.slot_of(value), value)
        elif change[0] == "-" and value in belief_state.values(state):
            state = belief_state.remove(state, ONTOLOGY.slot_of(value), value)
        else:
            raise ValueError(f"{where}: {change!r} does not apply")
    return state
