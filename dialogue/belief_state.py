"""The belief state: everything asked for so far, slot -> values, and the one set of rules that changes it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Any

from .errors import BeliefStateNotReadable, ContradictoryState
from .ontology import ONTOLOGY, SINGLE_VALUED, Ontology, excluded_by

BeliefState = Mapping[str, frozenset[str]]
"""Slot -> values; a missing slot means "not mentioned". Never mutated: every rule returns a new one."""

EMPTY: BeliefState = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TurnUpdate:
    """What one user turn changes: `(slot, value)` pairs taken back and added; `is_reset` empties the state first."""

    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    is_reset: bool = False

    @property
    def is_empty(self) -> bool:
        """True where the turn asks for nothing."""
        return not (self.added or self.removed or self.is_reset)


NO_CHANGE = TurnUpdate()


def add(state: BeliefState, slot: str, value: str, ontology: Ontology = ONTOLOGY) -> BeliefState:
    """State with `value` requested; what it excludes is dropped (rules 1 to 3).

    Raises:
        UnknownSlot, UnknownValue
    """
    ontology.check(slot, value)
    kept = frozenset() if slot in SINGLE_VALUED else state.get(slot, frozenset()) - excluded_by(value)
    return _ordered({**state, slot: kept | {value}}, ontology)


def remove(state: BeliefState, slot: str, value: str, ontology: Ontology = ONTOLOGY) -> BeliefState:
    """State without `value`: that attribute is as in the photo again (rule 5). Removing what is absent is no error.

    Raises:
        UnknownSlot, UnknownValue
    """
    ontology.check(slot, value)
    return _ordered({**state, slot: state.get(slot, frozenset()) - {value}}, ontology)


def apply(state: BeliefState, update: TurnUpdate, ontology: Ontology = ONTOLOGY) -> BeliefState:
    """State after a turn: start over (rule 6), then take back, then add."""
    if update.is_reset:
        state = EMPTY
    for slot, value in update.removed:
        state = remove(state, slot, value, ontology)
    for slot, value in update.added:
        state = add(state, slot, value, ontology)
    return state


def diff(before: BeliefState, after: BeliefState, ontology: Ontology = ONTOLOGY) -> TurnUpdate:
    """The smallest update that leads from one state to the other; emptying a state is a reset.

    Values that an added one drops by itself (rules 2 and 3) are not listed as removed.
    """
    added = tuple(pair for pair in pairs(after) if pair[1] not in before.get(pair[0], frozenset()))
    gone = [pair for pair in pairs(before) if pair[1] not in after.get(pair[0], frozenset())]
    state = before
    for slot, value in added:
        state = add(state, slot, value, ontology)
    removed = tuple(pair for pair in gone if pair[1] in state.get(pair[0], frozenset()))
    if removed and len(gone) == len(pairs(before)):
        return TurnUpdate(added, (), is_reset=True)
    return TurnUpdate(added, removed)


def listed(state: BeliefState, ontology: Ontology = ONTOLOGY) -> BeliefState:
    """The state without values that the ontology does not list."""
    return _ordered({s: frozenset(v for v in held if v in ontology.values) for s, held in state.items()}, ontology)


def pairs(state: BeliefState) -> tuple[tuple[str, str], ...]:
    """All `(slot, value)` pairs in canonical order."""
    return tuple((slot, value) for slot, values in state.items() for value in _sorted(slot, values))


def values(state: BeliefState) -> tuple[str, ...]:
    """All values in canonical order."""
    return tuple(value for _, value in pairs(state))


def from_values(requested: Iterable[str], ontology: Ontology = ONTOLOGY) -> BeliefState:
    """State in which the values were requested one after the other (a later one replaces what it excludes).

    Raises:
        UnknownValue
    """
    state = EMPTY
    for value in requested:
        state = add(state, ontology.slot_of(value), value, ontology)
    return state


def to_text(state: BeliefState) -> str:
    """`hair color: black hair; makeup: lipstick, pale skin`; the empty state is the empty text."""
    return "; ".join(f"{slot}: {', '.join(_sorted(slot, held))}" for slot, held in state.items())


def from_text(text: str, ontology: Ontology = ONTOLOGY) -> BeliefState:
    """Read `to_text`'s form, or a plain list of values such as `blond hair, smiling`.

    Raises:
        BeliefStateNotReadable, UnknownSlot, UnknownValue, ContradictoryState
    """
    requested: dict[str, list[str]] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        slot, colon, listed = part.partition(":")
        names = [" ".join(name.split()).lower() for name in (listed if colon else part).split(",")]
        if not all(names):
            raise BeliefStateNotReadable(text, "an empty value; write for example 'hair color: blond hair'")
        for name in names:
            where = " ".join(slot.split()).lower() if colon else ontology.slot_of(name)
            requested.setdefault(where, []).append(name)
    return _checked(requested, ontology)


def to_json(state: BeliefState) -> dict[str, list[str]]:
    """`{"makeup": ["lipstick", "pale skin"]}`, slots and values in canonical order."""
    return {slot: list(_sorted(slot, held)) for slot, held in state.items()}


def from_json(data: Any, ontology: Ontology = ONTOLOGY) -> BeliefState:
    """Read `to_json`'s form.

    Raises:
        BeliefStateNotReadable, UnknownSlot, UnknownValue, ContradictoryState
    """
    if not isinstance(data, Mapping):
        raise BeliefStateNotReadable(data, "expected an object of slot -> list of values")
    for slot, held in data.items():
        if not isinstance(held, list) or not all(isinstance(value, str) for value in held):
            raise BeliefStateNotReadable(data, f"slot {slot!r} must hold a list of texts")
    return _checked(data, ontology)


def parse(text: str, ontology: Ontology = ONTOLOGY) -> BeliefState:
    """Read a state that a person typed: JSON where it starts with a brace, else the text form."""
    if not text.lstrip().startswith("{"):
        return from_text(text, ontology)
    try:
        return from_json(json.loads(text), ontology)
    except json.JSONDecodeError as error:
        raise BeliefStateNotReadable(text, str(error)) from error


def _checked(requested: Mapping[str, Iterable[str]], ontology: Ontology) -> BeliefState:
    state: dict[str, frozenset[str]] = {}
    for slot, names in requested.items():
        for name in names:
            ontology.check(slot, name)
        held = frozenset(names)
        for one, other in combinations(_sorted(slot, held), 2):
            if slot in SINGLE_VALUED or other in excluded_by(one):
                raise ContradictoryState(one, other)
        state[slot] = held
    return _ordered(state, ontology)


def _ordered(state: Mapping[str, frozenset[str]], ontology: Ontology) -> BeliefState:
    return MappingProxyType({slot: state[slot] for slot in ontology.slots if state.get(slot)})


def _sorted(slot: str, held: Iterable[str]) -> tuple[str, ...]:
    known = ONTOLOGY.slots.get(slot, ())
    return tuple(sorted(held, key=lambda value: (known.index(value) if value in known else len(known), value)))
