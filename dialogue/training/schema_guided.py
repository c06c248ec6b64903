"""The Schema-Guided Dialogue corpus (Rastogi et al. 2020), in the one-file form of `../shared/data`."""

import gzip
import json
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import DataNotReadable

_FIELDS = {"user", "state", "system", "system_acts"}


def dialogues(path: Path) -> Iterator[dict[str, Any]]:
    """Dialogues of a gzipped JSON Lines file: `{"id", "split", "services", "turns": [{"user", "state", ...}]}`.

    Raises:
        DataNotReadable: the file is missing or is not gzipped JSON Lines of that form.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield _checked(json.loads(line))
    except (OSError, EOFError, zlib.error, ValueError) as error:  # EOFError: the file was cut off
        raise DataNotReadable(str(path), f"expected gzipped JSON Lines of Schema-Guided Dialogue ({error})") from error


def utterances(path: Path, num_dialogues: int | None = None) -> list[str]:
    """Distinct user and system utterances of the first dialogues (of all by default), in file order."""
    texts: dict[str, None] = {}
    for dialogue in islice(dialogues(path), num_dialogues):
        for turn in dialogue["turns"]:
            texts[turn["user"]] = None
            texts[turn["system"]] = None
    texts.pop("", None)
    return list(texts)


def _checked(dialogue: Any) -> dict[str, Any]:
    turns = dialogue.get("turns") if isinstance(dialogue, dict) else None
    if not isinstance(turns, list) or not all(isinstance(turn, dict) and turn.keys() >= _FIELDS for turn in turns):
        raise ValueError(f"a line is no dialogue whose turns have {', '.join(sorted(_FIELDS))}")
    return dialogue
