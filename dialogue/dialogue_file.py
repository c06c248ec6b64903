"""Dialogues and predictions as JSON Lines: the one form that every command reads and writes (design.md, section 3)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from . import belief_state
from .belief_state import BeliefState
from .errors import DataNotReadable, DialogueError
from .ontology import ONTOLOGY, Ontology

ActType = Literal["next", "request", "suggest"]


@dataclass(frozen=True, slots=True)
class Act:
    """What the system does at the end of its turn: ask what is next, ask about a slot, or suggest a value."""

    type: ActType
    slot: str = ""
    value: str = ""

    def to_json(self) -> dict[str, str]:
        """`{"type": "suggest", "slot": "hair", "value": "bangs"}`; empty fields are left out."""
        fields = {"type": self.type, "slot": self.slot, "value": self.value}
        return {name: text for name, text in fields.items() if text}


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange. `state` (after the user's words), `system` and `act` are None where they are to be predicted.

    `kind` names what the user does (simulated data only), for accuracy by kind of turn.
    """

    user: str
    state: BeliefState | None = None
    system: str | None = None
    act: Act | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation about one photo; `attributes` are the photo's own values."""

    id: str
    caption: str
    attributes: tuple[str, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a tracker and a responder made of a dialogue; a state is None where the output could not be read.

    `acts` and `repairs` (replies whose act the policy had to replace) are empty where they are not known.
    """

    id: str
    states: tuple[BeliefState | None, ...]
    responses: tuple[str, ...]
    acts: tuple[Act | None, ...] = ()
    repairs: tuple[bool, ...] = ()


def read_dialogues(path: Path, ontology: Ontology = ONTOLOGY) -> list[Dialogue]:
    """All dialogues of a file.

    Raises:
        DataNotReadable: names the line and what is wrong with it.
    """
    return [
        _parse(record, f"{path}:{number}", lambda r: dialogue_from_json(r, ontology)) for number, record in _lines(path)
    ]


def read_predictions(path: Path, ontology: Ontology = ONTOLOGY) -> list[Prediction]:
    """All predictions of a file; the same errors as `read_dialogues`."""
    return [
        _parse(record, f"{path}:{number}", lambda r: prediction_from_json(r, ontology))
        for number, record in _lines(path)
    ]


def write_jsonl(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write one record a line, UTF-8, keys in the order given; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # a lone surrogate, which UTF-8 cannot hold, becomes \udXXX: JSON's own escape of it
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as lines:
        for record in records:
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def dialogue_to_json(dialogue: Dialogue) -> dict[str, Any]:
    """The record of design.md, section 3."""
    return {
        "id": dialogue.id,
        "caption": dialogue.caption,
        "attributes": list(dialogue.attributes),
        "turns": [_turn_to_json(turn) for turn in dialogue.turns],
    }


def prediction_to_json(prediction: Prediction) -> dict[str, Any]:
    """`{"id", "states", "responses"}`, with `acts` where the model names them and `repairs` where it tells them."""
    states = [None if state is None else belief_state.to_json(state) for state in prediction.states]
    record: dict[str, Any] = {"id": prediction.id, "states": states, "responses": list(prediction.responses)}
    if prediction.acts:
        record["acts"] = [None if act is None else act.to_json() for act in prediction.acts]
    if prediction.repairs:
        record["repairs"] = list(prediction.repairs)
    return record


def dialogue_from_json(record: dict[str, Any], ontology: Ontology = ONTOLOGY) -> Dialogue:
    """Inverse of `dialogue_to_json`. Raises KeyError, TypeError or DialogueError on a malformed record."""
    turns = tuple(_turn_from_json(turn, ontology) for turn in record["turns"])
    caption, attributes = record.get("caption", ""), record.get("attributes", [])
    if not isinstance(caption, str):
        raise TypeError("caption must be a text")
    if not isinstance(attributes, list) or not all(isinstance(value, str) for value in attributes):
        raise TypeError("attributes must be a list of texts")
    return Dialogue(str(record["id"]), caption, tuple(attributes), turns)


def prediction_from_json(record: dict[str, Any], ontology: Ontology = ONTOLOGY) -> Prediction:
    """Inverse of `prediction_to_json`."""
    states = tuple(None if s is None else belief_state.from_json(s, ontology) for s in record["states"])
    acts = tuple(None if a is None else act_from_json(a) for a in record.get("acts", ()))
    repairs = tuple(bool(is_repaired) for is_repaired in record.get("repairs", ()))
    return Prediction(str(record["id"]), states, tuple(record.get("responses", ())), acts, repairs)


def act_from_json(record: dict[str, str]) -> Act:
    """Inverse of `Act.to_json`."""
    if record["type"] not in ("next", "request", "suggest"):
        raise KeyError(f"unknown act {record['type']!r}")
    return Act(record["type"], record.get("slot", ""), record.get("value", ""))  # type: ignore[arg-type]


def _turn_to_json(turn: Turn) -> dict[str, Any]:
    record: dict[str, Any] = {"user": turn.user}
    if turn.state is not None:
        record["state"] = belief_state.to_json(turn.state)
    if turn.system is not None:
        record["system"] = turn.system
    if turn.act is not None:
        record["act"] = turn.act.to_json()
    if turn.kind:
        record["kind"] = turn.kind
    return record


def _turn_from_json(record: dict[str, Any], ontology: Ontology) -> Turn:
    if not isinstance(record["user"], str):
        raise TypeError("user must be a text")
    if not isinstance(record.get("system"), str | None):
        raise TypeError("system must be a text")
    state = belief_state.from_json(record["state"], ontology) if "state" in record else None
    act = act_from_json(record["act"]) if "act" in record else None
    return Turn(record["user"], state, record.get("system"), act, record.get("kind", ""))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        # not splitlines(): it also breaks at U+2028 and the like, which JSON texts may contain
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataNotReadable(str(path), str(error)) from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, _parse(line, f"{path}:{number}", json.loads)


def _parse(data: Any, where: str, read: Any) -> Any:
    try:
        return read(data)
    except (DialogueError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"missing field {error}" if type(error) is KeyError else str(error)
        raise DataNotReadable(where, reason) from error
