"""Answers on disk: a file for each annotator, a line for each click; the last line about a question counts."""

import json
import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from .errors import AnswersMismatch
from .study import Choice, Place

ANNOTATOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class Answer(NamedTuple):
    """Which system was chosen, and where it stood."""

    choice: Choice
    place: Place


Answers = dict[tuple[str, str], Answer]
"""(pair, question) -> answer."""


class AnswerFolder:
    """The answers to one set of pairs. Safe for several threads of one process.

    Args:
        folder: where the files are; made with the first answer.
        pairs: fingerprint of the pairs, kept in each file.
    """

    def __init__(self, folder: Path, pairs: str) -> None:
        self.folder = folder
        self._pairs = pairs
        self._lock = threading.Lock()

    def annotators(self) -> list[str]:
        """Names of all who answered something, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.jsonl") if ANNOTATOR.fullmatch(path.stem))

    def read(self, annotator: str) -> Answers:
        """What the annotator answered so far.

        Raises:
            AnswersMismatch: the file belongs to other pairs.
        """
        lines = _whole_lines(self._path(annotator))
        if not lines:
            return {}
        if json.loads(lines[0]).get("pairs") != self._pairs:
            raise AnswersMismatch(str(self._path(annotator)))
        records = map(json.loads, lines[1:])
        return {(r["pair"], r["question"]): Answer(r["choice"], r["place"]) for r in records}

    def add(self, annotator: str, pair: str, question: str, answer: Answer) -> None:
        """Keep an answer: it is on the disk when this returns."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        record = {"pair": pair, "question": question, **answer._asdict(), "at": at}
        path = self._path(annotator)
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            kept = _whole_lines(path)
            added = [json.dumps({"pairs": self._pairs})] if not kept else []
            with path.open("ab") as file:
                file.truncate(sum(len(line) + 1 for line in kept))
                file.write(b"".join(f"{line}\n".encode() for line in [*added, json.dumps(record)]))
                file.flush()
                os.fsync(file.fileno())

    def _path(self, annotator: str) -> Path:
        if not ANNOTATOR.fullmatch(annotator):
            raise ValueError(f"{annotator!r} is no name of an annotator")
        return self.folder / f"{annotator}.jsonl"


def _whole_lines(path: Path) -> list[bytes]:
    """Lines that end; one that a crash cut off in the middle is not answered."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []
