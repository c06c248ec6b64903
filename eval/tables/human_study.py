"""The paper's human evaluation made ready to be judged: the same dialogues, by our system and by the baseline."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..human.pairs import keep_picture, write_pairs
from .experiment import Edited
from .row import TALK, TRACKED
from .talk_to_edit import replies

PHOTOS = 20  # that the paper's annotators judged (section 5.3)


def write_human_study(rows: Mapping[str, Edited], responses: Sequence[Sequence[str]], folder: Path) -> Path:
    """Write `folder/pairs.jsonl` with pictures, for `chatedit eval human serve`: the first dialogues of the file.

    Args:
        rows: outcomes of one seed.
        responses: of our own system, one a turn of each dialogue.
    """
    ours, theirs = rows[TRACKED], rows[TALK]
    records = []
    for index, case in enumerate(ours.cases[:PHOTOS]):
        records.append(
            {
                "id": case.dialogue.id,
                "photo": keep_picture(case.picture, folder),
                "user": [turn.user for turn in case.dialogue.turns],
                "one": _side("ours", responses[index], ours.pictures[index], folder),
                "other": _side(TALK, replies(theirs.states[index], index), theirs.pictures[index], folder),
            }
        )
    return write_pairs(folder, records)


def _side(system: str, said: Sequence[str], pictures: Sequence[bytes], folder: Path) -> dict[str, Any]:
    turns = zip(said, pictures, strict=True)
    return {"system": system, "turns": [{"response": r, "picture": keep_picture(p, folder)} for r, p in turns]}
