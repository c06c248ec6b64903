"""Pairs of conversations to compare: the same photo and the same words, answered by two systems."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import PairsNotReadable


@dataclass(frozen=True, slots=True)
class Turn:
    """What one system made of one utterance; `picture` is a file."""

    response: str
    picture: Path


@dataclass(frozen=True, slots=True)
class Side:
    """One system's half of a pair, a turn for each utterance."""

    system: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two systems on one photo. `one` and `other` are always the same system in all pairs of a file."""

    id: str
    photo: Path
    utterances: tuple[str, ...]
    one: Side
    other: Side


def read_pairs(path: Path) -> list[Pair]:
    """Pairs of a JSON Lines file; pictures are named relative to it.

    A line: `{"id", "photo", "user": [...], "one": {"system", "turns": [{"response", "picture"}]}, "other": {...}}`.

    Raises:
        PairsNotReadable: names the line and what is wrong with it.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise PairsNotReadable(str(path), str(error)) from error
    pairs = [_pair(line, f"{path}:{number}", path.parent) for number, line in enumerate(lines, 1) if line.strip()]
    if not pairs:
        raise PairsNotReadable(str(path), "it holds no pairs")
    if len({pair.id for pair in pairs}) != len(pairs):
        raise PairsNotReadable(str(path), "two pairs have the same id")
    if (
        len({(pair.one.system, pair.other.system) for pair in pairs}) != 1
        or pairs[0].one.system == pairs[0].other.system
    ):
        raise PairsNotReadable(str(path), "'one' and 'other' must be two systems, the same in every line")
    return pairs


def fingerprint(pairs: Sequence[Pair]) -> str:
    """Changes with anything that an annotator sees."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(repr((pair.id, pair.utterances)).encode())
        digest.update(pair.photo.read_bytes())
        for side in (pair.one, pair.other):
            for turn in side.turns:
                digest.update(repr((side.system, turn.response)).encode())
                digest.update(turn.picture.read_bytes())
    return digest.hexdigest()[:16]


def pairs_of_runs(one: Path, other: Path, names: tuple[str, str], out: Path) -> int:
    """Pair the dialogues that two output folders of `chatedit run` share; copy pictures into `out`.

    Writes `out/pairs.jsonl`, in the order of `one`, and returns how many there are.

    Raises:
        PairsNotReadable: a folder has no results, they share no dialogue, or the users do not say the same words.
    """
    ours, theirs = _results(one), _results(other)
    records = []
    for name, result in ours.items():
        if name not in theirs:
            continue
        said, said_there = ([turn["user"] for turn in r["turns"]] for r in (result, theirs[name]))
        if said != said_there:
            raise PairsNotReadable(str(other), f"the user of dialogue {name!r} does not say the same as in {one}")
        if result["photo"] != theirs[name]["photo"]:
            raise PairsNotReadable(str(other), f"the photo of dialogue {name!r} is not that of {one}; use one --seed")
        halves = {
            side: {"system": system, "turns": [_copied(turn, folder, out) for turn in r["turns"]]}
            for side, system, folder, r in zip(
                ("one", "other"), names, (one, other), (result, theirs[name]), strict=True
            )
        }
        photo = keep_picture(_picture(one, result["photo"]), out)
        records.append({"id": name, "photo": photo, "user": said, **halves})
    if not records:
        raise PairsNotReadable(str(other), f"it shares no dialogue with {one}")
    write_pairs(out, records)
    return len(records)


def keep_picture(data: bytes, out: Path) -> str:
    """Write a picture (PNG) under the name of its content; that name relative to `out`."""
    name = f"pictures/{hashlib.sha256(data).hexdigest()[:20]}.png"
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(data)
    return name


def write_pairs(out: Path, records: Iterable[dict[str, Any]]) -> Path:
    """Write `out/pairs.jsonl`, in the form that `read_pairs` reads; it appears when it is whole."""
    from ...dialogue.dialogue_file import write_jsonl

    path = out / "pairs.jsonl"
    part = path.with_name(f"{path.name}.part")
    write_jsonl(part, records)
    part.replace(path)
    return path


def _pair(line: str, where: str, folder: Path) -> Pair:
    try:
        record = json.loads(line)
        said = tuple(str(words) for words in record["user"])
        one, other = (_side(record[name], folder) for name in ("one", "other"))
        pair = Pair(str(record["id"]), folder / record["photo"], said, one, other)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"missing field {error}" if isinstance(error, KeyError) else str(error)
        raise PairsNotReadable(where, reason) from error
    if not said or not len(said) == len(one.turns) == len(other.turns):
        raise PairsNotReadable(where, "both systems must have as many turns as the user, and at least one")
    for picture in (pair.photo, *(turn.picture for side in (one, other) for turn in side.turns)):
        if not picture.is_file():
            raise PairsNotReadable(where, f"there is no picture {picture}")
    return pair


def _side(record: dict[str, Any], folder: Path) -> Side:
    turns = tuple(Turn(str(turn["response"]), folder / turn["picture"]) for turn in record["turns"])
    return Side(str(record["system"]), turns)


def _results(folder: Path) -> dict[str, dict[str, Any]]:
    """Id -> result of each dialogue that was played; those whose picture was refused have no turns."""
    path = folder / "results.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # not splitlines(): texts may hold U+2028
        return {r["id"]: r for r in map(json.loads, filter(str.strip, lines)) if "error" not in r}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PairsNotReadable(str(path), f"these are no results of `chatedit run` ({error})") from error


def _copied(turn: dict[str, Any], folder: Path, out: Path) -> dict[str, str]:
    return {"response": turn["system"], "picture": keep_picture(_picture(folder, turn["picture"]), out)}


def _picture(folder: Path, reference: str) -> bytes:
    from ...tools.store import Store

    return Store(folder / "home" / "pictures").image(reference)
