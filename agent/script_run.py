"""Whole dialogues unattended: each utterance a turn, a strip and the numbers for each dialogue."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from ..dialogue import belief_state
from ..dialogue.dialogue_file import Dialogue, dialogue_from_json
from ..dialogue.errors import DataNotReadable, DialogueError, UnknownValue
from ..dialogue.ontology import ONTOLOGY, excluded_by
from ..dialogue.system_words import person_of
from ..tools.errors import EditError
from ..tools.photo import admit_photo
from ..tools.picture_strip import Tile, write_strip
from ..tools.samples import draw_portrait
from .answer import Answer
from .assembly import Agent

ReadValues = Callable[[bytes], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Script:
    """A dialogue to play, and the photo that it is about: a file, or None for a portrait drawn from its attributes."""

    dialogue: Dialogue
    image: Path | None


def read_scripts(path: Path) -> list[Script]:
    """The dialogues of a JSON Lines file; a line may name its photo as `image`, relative to the file.

    Raises:
        DataNotReadable: names the line and what is wrong with it.
    """
    scripts = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # JSON may hold what else splitlines() takes for an end
    except (OSError, UnicodeDecodeError) as error:
        raise DataNotReadable(str(path), str(error)) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            image = path.parent / record["image"] if "image" in record else None
            if image is not None and not image.is_file():
                raise DataNotReadable(f"{path}:{number}", f"there is no picture {image}")
            dialogue = dialogue_from_json(record)
            for value in dialogue.attributes:
                if value not in ONTOLOGY.values:
                    raise UnknownValue("", value, ONTOLOGY.values)
            scripts.append(Script(dialogue, image))
        except (DialogueError, KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, DataNotReadable):
                raise
            raise DataNotReadable(f"{path}:{number}", str(error)) from error
    return scripts


def play(
    agent: Agent, script: Script, thread: str, out: Path, read: ReadValues | None, seed: int = 0
) -> dict[str, Any]:
    """Play one dialogue on a fresh thread and write its strip.

    Returns:
        `id`, `states` and `responses` (a prediction, as `chatedit eval dialogue` reads it), `photo` (its reference in
        the store), and `turns`: for each what was said, state, version, picture, metrics, `seconds`, `error`, and what
        the reader sees in the picture.
    Raises:
        EditError: the picture is refused.
    """
    dialogue = script.dialogue
    data = script.image.read_bytes() if script.image else _drawn(dialogue, seed)
    known = dialogue.attributes or None
    photo = admit_photo(agent.editor, agent.store, data, dialogue.caption or None, known)
    agent.talk.open(thread, photo)
    shown_before = read(data) if read else frozenset()
    tiles, turns = [Tile(agent.store.image(photo.image), "the photo")], []
    for turn in dialogue.turns:
        started = time.perf_counter()
        answer = agent.talk.say(thread, turn.user)
        seconds = time.perf_counter() - started
        picture = agent.store.image(answer.picture)
        record = _record(answer, turn.user, seconds)
        if read:
            wanted = turn.state if turn.state is not None else belief_state.from_json(record["belief_state"])
            record |= _measured(shown_before, read(picture), belief_state.values(wanted))
        turns.append(record)
        tiles.append(Tile(picture, turn.user))
    path = out / "strips" / f"{_file_name(dialogue.id)}.png"
    write_strip(tiles, path)
    states = [turn["belief_state"] for turn in turns]
    return {
        "id": dialogue.id,
        "photo": photo.image,
        "states": states,
        "responses": [turn["system"] for turn in turns],
        "strip": str(path.relative_to(out)),
        "turns": turns,
    }


def refused(script: Script, error: EditError) -> dict[str, Any]:
    """The result of a dialogue that could not be played: a prediction of nothing, and `error`."""
    num_turns = len(script.dialogue.turns)
    told = {"type": type(error).__name__, "message": str(error)}
    return {"id": script.dialogue.id, "error": told, "states": [None] * num_turns, "responses": [""] * num_turns}


def summary(scripts: Sequence[Script], results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Joint accuracy over turns that have a state in the script; success, collateral, identity of edits; seconds.

    `refused` counts dialogues that were not played; the other numbers are of those that were.
    """
    played = [pair for pair in zip(scripts, results, strict=True) if "error" not in pair[1]]
    pairs = [
        (turn, record)
        for script, result in played
        for turn, record in zip(script.dialogue.turns, result["turns"], strict=True)
    ]
    judged = [belief_state.to_json(turn.state) == r["belief_state"] for turn, r in pairs if turn.state is not None]
    records = [record for _, record in pairs]
    edits = [r for r in records if r["is_changed"] and r["metrics"]]
    asked = [r for r in records if r.get("wanted")]
    seconds = sorted(r["seconds"] for r in records)
    return {
        "refused": len(results) - len(played),
        "turns": len(records),
        "errors": sum(r["error"] is not None for r in records),
        "joint_accuracy": mean(judged) if judged else None,
        "present": _share(asked, "present", "wanted"),
        "changed_unrequested": mean(r["collateral"] for r in asked) if asked else None,
        "identity": mean(r["metrics"]["identity"] for r in edits) if edits else None,
        "seconds_p50": seconds[len(seconds) // 2] if seconds else None,
        "seconds_p95": quantiles(seconds, n=20)[-1] if len(seconds) > 1 else None,
    }


def _record(answer: Answer, user: str, seconds: float) -> dict[str, Any]:
    turn = answer.turn
    return {
        "user": user,
        "system": answer.text,
        "belief_state": turn["belief_state"],
        "version": turn["version"],
        "picture": answer.picture,
        "is_changed": answer.is_changed,
        "metrics": turn["metrics"],
        "missing": turn["missing"],
        "error": answer.error,
        "seconds": seconds,
    }


def _measured(before: frozenset[str], after: frozenset[str], wanted: tuple[str, ...]) -> dict[str, Any]:
    """What the reader sees: which wanted values are there, and the share of untouched values that changed."""
    touched = {*wanted, *(other for value in wanted for other in excluded_by(value))}
    for value in wanted:
        touched |= {v for v in ONTOLOGY.slots["expression"] if value in ONTOLOGY.slots["expression"]}
        touched |= {v for v in ONTOLOGY.slots["hair color"] if value in ONTOLOGY.slots["hair color"]}
    others = [value for value in ONTOLOGY.values if value not in touched]
    return {
        "wanted": list(wanted),
        "present": [value for value in wanted if value in after],
        "collateral": mean((value in before) != (value in after) for value in others) if others else 0.0,
    }


def _share(records: list[dict[str, Any]], part: str, whole: str) -> float | None:
    total = sum(len(record[whole]) for record in records)
    return sum(len(record[part]) for record in records) / total if total else None


def _drawn(dialogue: Dialogue, seed: int) -> bytes:
    number = int.from_bytes(dialogue.id.encode()[-8:], "big") % 1_000_003
    return draw_portrait(dialogue.attributes, person_of(dialogue.caption), seed + number)


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name).strip(".") or "dialogue"
