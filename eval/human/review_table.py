"""A review in progress: the table of `chatedit data review export`, changed turn by turn and kept on disk."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...dialogue import belief_state
from ...dialogue.belief_state import BeliefState, diff
from ...dialogue.dialogue_file import Dialogue
from ...dialogue.ontology import OPEN_ONTOLOGY
from ..review import changes_text, corrected, import_csv, mark_of, read_table, rows_by_dialogue, rows_of, write_rows

MARKS = {"right": "✓", "wrong": "✗", "open": ""}
Mark = Literal["right", "wrong", "open"]
_MARK_OF = {"tick": "right", "cross": "wrong", "": "open"}
_TEXTS = ("revised user", "revised system", "revised act")


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn as it is reviewed.

    Attributes:
        user, system, act: as they were; the `revised` texts are empty where nothing is revised.
        changes, state: with all revisions up to this turn applied.
        problem: why the turn cannot be applied; empty where it can.
    """

    number: int
    user: str
    system: str
    act: str
    revised_user: str
    revised_system: str
    revised_act: str
    mark: Mark
    changes: str
    state: BeliefState
    problem: str


class ReviewTable:
    """The dialogues under review. Safe for several threads of one process.

    Args:
        path: the table; begun where it is missing, else continued, also where a spreadsheet wrote it.
        dialogues: what is reviewed, annotated.
    Raises:
        ReviewRefused: the table is not about these dialogues.
        DataNotReadable: it is not UTF-8.
    """

    def __init__(self, path: Path, dialogues: Sequence[Dialogue]) -> None:
        self.dialogues = dialogues
        self._path = path
        self._lock = threading.Lock()
        done = rows_by_dialogue(read_table(path), dialogues) if path.exists() else {}
        self._rows = [
            [{**row, **done.get(d.id, {}).get(number, {})} for number, row in enumerate(rows_of(d), 1)]
            for d in dialogues
        ]

    def turns(self, index: int) -> list[TurnView]:
        """The turns of the dialogue at `index`."""
        mended, problems = self._mended(index)
        views = []
        before: BeliefState = belief_state.EMPTY
        for number, (turn, row) in enumerate(zip(mended.turns, self._rows[index], strict=True), 1):
            state = turn.state or belief_state.EMPTY
            views.append(
                TurnView(number, row["user"], row["system"], row["act"], row["revised user"], row["revised system"],
                         row["revised act"], _mark(row), changes_text(diff(before, state, OPEN_ONTOLOGY)), state,
                         problems.get(number, ""))
            )  # fmt: skip
            before = state
        return views

    def status(self, index: int) -> Literal["open", "done", "problem"]:
        """`done`: every turn is marked, and all can be applied."""
        if self._mended(index)[1]:
            return "problem"
        return "done" if all(_mark(row) != "open" for row in self._rows[index]) else "open"

    def mark(self, index: int, number: int, mark: Mark) -> None:
        """Mark a turn (numbers begin at 1)."""
        self._change(index, number, {"correct": MARKS[mark]})

    def revise(self, index: int, number: int, column: str, text: str) -> None:
        """Put `text` into `revised user`, `revised system` or `revised act`; the old text, or none, takes it back.

        What is revised is marked wrong.
        """
        if column not in _TEXTS:
            raise ValueError(f"{column!r} is none of {_TEXTS}")
        text = " ".join(text.split())
        is_as_it_was = text == self._rows[index][number - 1][column.removeprefix("revised ")]
        self._change(index, number, {column: "" if is_as_it_was else text})

    def want(self, index: int, number: int, slot: str, value: str, is_wanted: bool) -> None:
        """Add a value to the state after a turn, or take it from there, by the rules of the dialogue.

        Raises:
            UnknownSlot, UnknownValue
        """
        views = self.turns(index)
        before = views[number - 2].state if number > 1 else belief_state.EMPTY
        step = belief_state.add if is_wanted else belief_state.remove
        wanted = step(views[number - 1].state, slot, value, OPEN_ONTOLOGY)
        changes = changes_text(diff(before, wanted, OPEN_ONTOLOGY))
        is_as_it_was = changes == self._rows[index][number - 1]["changes"]
        self._change(index, number, {"revised changes": "" if is_as_it_was else changes})

    def reviewed(self) -> list[Dialogue]:
        """All dialogues, corrected.

        Raises:
            ReviewRefused: turns that cannot be applied.
        """
        return import_csv(self.table(), self.dialogues).dialogues

    def table(self) -> str:
        """The table as CSV."""
        return write_rows(row for rows in self._rows for row in rows)

    def _change(self, index: int, number: int, cells: dict[str, str]) -> None:
        with self._lock:
            row = {**self._rows[index][number - 1], **cells}
            is_revised = any(row[name] for name in (*_TEXTS, "revised changes"))
            if is_revised and "correct" not in cells:
                row["correct"] = MARKS["wrong"]
            self._rows[index][number - 1] = row
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_name(f"{self._path.name}.part")
            part.write_text("\ufeff" + self.table(), encoding="utf-8", newline="")
            part.replace(self._path)

    def _mended(self, index: int) -> tuple[Dialogue, dict[int, str]]:
        problems: list[tuple[int, str]] = []
        mended = corrected(self.dialogues[index], {n: (n, row) for n, row in enumerate(self._rows[index], 1)}, problems)
        return mended, dict(problems)


def _mark(row: dict[str, str]) -> Mark:
    return _MARK_OF[mark_of(row)]  # type: ignore[return-value]
