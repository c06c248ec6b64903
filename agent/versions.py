"""The tree of turns: where the conversation stands, what led there, and how it moves to another version."""

from typing import Any

from ..dialogue import belief_state
from ..dialogue.belief_state import NO_CHANGE
from ..dialogue.formats import Context
from .errors import NothingToCompare, NothingToRedo, NothingToUndo, UnknownVersion
from .navigation import LAST_BUT_ONE, NEWEST, OTHER, SHOWN, Navigation
from .state import DialogueState, Turn, update_from_record, update_to_record


def root(state: DialogueState) -> Turn:
    """Turn 0: the photo itself."""
    return {
        "id": 0,
        "parent": None,
        "version": 0,
        "user": "",
        "system": "",
        "belief_state": {},
        "update": update_to_record(NO_CHANGE),
        "image": state.get("picture") or state.get("image", ""),
        "metrics": {},
        "missing": [],
        "act": {"type": "next"},
        "message_id": "",
    }


def turns_of(state: DialogueState) -> list[Turn]:
    """All turns, the photo first, also before the first one was answered."""
    return state.get("turns") or [root(state)]


def head(state: DialogueState) -> Turn:
    """The turn that the conversation stands at."""
    return turns_of(state)[state.get("head", 0)]


def lineage(state: DialogueState) -> list[Turn]:
    """Turns from the photo to the head."""
    turns, turn = turns_of(state), head(state)
    path = [turn]
    while turn["parent"] is not None:
        turn = turns[turn["parent"]]
        path.append(turn)
    return path[::-1]


def context(state: DialogueState, user: str) -> Context:
    """What a tracker knows when `user` says something now: only what led to the head, as if nothing else was said."""
    path = lineage(state)
    exchanges = tuple((turn["user"], turn["system"]) for turn in path[1:])
    before = belief_state.from_json(path[-1]["belief_state"])
    return Context(state.get("caption", ""), exchanges, user, before, update_from_record(path[-1]["update"]))


def highest_version(state: DialogueState) -> int:
    """Number of the newest version."""
    return max(turn["version"] for turn in turns_of(state))


def first_of(state: DialogueState, version: int) -> Turn:
    """The turn that made a version.

    Raises:
        UnknownVersion
    """
    for turn in turns_of(state):
        if turn["version"] == version:
            return turn
    raise UnknownVersion(version, highest_version(state))


def version_before(state: DialogueState) -> Turn | None:
    """Where an undo leads: the last turn before the picture that is shown; None where that is the photo."""
    path = lineage(state)
    for turn in reversed(path):
        if turn["version"] != path[-1]["version"]:
            return turn
    return None


def moved(state: DialogueState, navigation: Navigation) -> dict[str, Any]:
    """What a navigation changes in the state; the pictures and turns themselves stay.

    Raises:
        NothingToUndo, NothingToRedo, NothingToCompare, UnknownVersion
    """
    if navigation.kind == "undo":
        target, redo = head(state), list(state.get("redo", []))
        for step in range(navigation.steps):
            if (before := version_before({**state, "head": target["id"]})) is None:
                raise NothingToUndo(step)
            redo.append(target["id"])
            target = before
        return {**standing_at(target), "redo": redo}
    if navigation.kind == "redo":
        redo = list(state.get("redo", []))
        if len(redo) < navigation.steps:
            raise NothingToRedo(len(redo))
        target = turns_of(state)[redo[-navigation.steps]]
        return {**standing_at(target), "redo": redo[: -navigation.steps]}
    if navigation.kind == "go_to":
        return {**standing_at(first_of(state, _resolved(state, navigation.versions[0]))), "redo": []}
    pair = [_resolved(state, version) for version in navigation.versions] or _default_pair(state)
    for version in pair:
        first_of(state, version)
    return {"comparison": pair, "error": None}


def standing_at(turn: Turn) -> dict[str, Any]:
    """The part of the state that follows from the head."""
    return {
        "head": turn["id"],
        "belief_state": turn["belief_state"],
        "picture": turn["image"],
        "suggestion": suggestion_of(turn["act"]),
        "comparison": None,
        "error": None,
        "pending": None,
    }


def suggestion_of(act: dict[str, str]) -> dict[str, str] | None:
    """The act where it suggests a value."""
    return act if act.get("type") == "suggest" else None


def _resolved(state: DialogueState, version: int) -> int:
    """The number of a version that words named by its place."""
    highest = highest_version(state)
    shown = head(state)["version"]
    left, right = state.get("comparison") or (shown, shown)
    named = {SHOWN: shown, NEWEST: highest, LAST_BUT_ONE: highest - 1, OTHER: left if right == shown else right}
    return named.get(version, version)


def _default_pair(state: DialogueState) -> list[int]:
    """What `compare` alone means: the version shown and the one before it."""
    if (before := version_before(state)) is None:
        raise NothingToCompare
    return [before["version"], head(state)["version"]]
