"""Dialogue policy over Next / Request / Suggest (paper, section 3.1): logical, never redundant."""

import random
from collections.abc import Collection

from .belief_state import BeliefState, values
from .dialogue_file import Act
from .ontology import ONTOLOGY, SINGLE_VALUED, excluded_by

ACT_WEIGHTS = {"next": 0.42, "request": 0.22, "suggest": 0.36}
# an absence is worth suggesting only where the photo shows what would vanish
_ABSENCES = {
    "no smiling": frozenset({"smiling"}),
    "no bangs": frozenset({"bangs"}),
    "no beard": frozenset({"mustache", "goatee"}),
    "no makeup": frozenset({"heavy makeup", "lipstick", "rosy cheeks"}),
}
FACIAL_HAIR = frozenset({"sideburns", "mustache", "goatee", "no beard"})


def is_worth_asking(value: str, attributes: Collection[str]) -> bool:
    """True where the photo does not show `value` already; an absence needs something that would vanish."""
    return value not in attributes and (value not in _ABSENCES or bool(_ABSENCES[value] & set(attributes)))


def is_illogical(act: Act, state: BeliefState, attributes: Collection[str]) -> bool:
    """True where the act repeats or contradicts the belief state or repeats the photo's own attributes."""
    if act.type == "request":
        return act.slot in SINGLE_VALUED and bool(state.get(act.slot))
    if act.type == "next":
        return False
    held = set(values(state))
    if act.value in held or act.value in attributes or excluded_by(act.value) & held:
        return True
    return act.slot in SINGLE_VALUED and bool(state.get(act.slot))


def logical_suggestions(state: BeliefState, attributes: Collection[str], avoid: Collection[str] = ()) -> list[str]:
    """Values that may be suggested now, in the order of the ontology."""
    return [
        value
        for slot, listed in ONTOLOGY.slots.items()
        for value in listed
        if value not in avoid
        and is_worth_asking(value, attributes)
        and not is_illogical(Act("suggest", slot, value), state, attributes)
    ]


def next_act(state: BeliefState, attributes: Collection[str], rng: random.Random, avoid: Collection[str] = ()) -> Act:
    """A logical act, drawn with `ACT_WEIGHTS`; slots that can still hold something new are asked about first."""
    (kind,) = rng.choices(list(ACT_WEIGHTS), weights=list(ACT_WEIGHTS.values()))
    suggestions = logical_suggestions(state, attributes, avoid)
    if kind == "suggest" and suggestions:
        value = rng.choice(suggestions)
        return Act("suggest", ONTOLOGY.slot_of(value), value)
    slots = sorted({ONTOLOGY.slot_of(value) for value in suggestions})
    if kind == "request" and slots:
        return Act("request", rng.choice(slots))
    return Act("next")


def avoided(caption: str) -> frozenset[str]:
    """Values that are not suggested for the person of a caption: no facial hair for a woman."""
    words = set(caption.lower().replace(".", " ").replace(",", " ").split())
    return FACIAL_HAIR if words & {"woman", "she", "her", "girl", "lady"} else frozenset()
