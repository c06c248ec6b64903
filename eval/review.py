"""Review by hand (paper, Fig. 9): a table with a turn a row, for any spreadsheet, and the way back."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..dialogue import belief_state, formats, policy
from ..dialogue.belief_state import BeliefState, TurnUpdate, diff
from ..dialogue.contexts import as_said
from ..dialogue.dialogue_file import Act, Dialogue, Turn
from ..dialogue.errors import DataNotReadable, DialogueError
from ..dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY
from .errors import ReviewRefused
from .simulation.scenes import parse_act

COLUMNS = (
    "dialogue", "turn", "caption", "user", "changes", "requirements", "system", "act",
    "correct", "revised user", "revised changes", "revised system", "revised act",
)  # fmt: skip
TICKS = frozenset({"✓", "✔", "ok", "yes", "y", "true", "1"})
CROSSES = frozenset({"✗", "✘", "x", "no", "n", "false", "0"})
_REVISED = ("revised user", "revised changes", "revised system", "revised act")
_FORMULA = ("=", "+", "-", "@")


class Reviewed(NamedTuple):
    """Corrected dialogues, with how many turns were ticked, revised, and not looked at."""

    dialogues: list[Dialogue]
    num_ticked: int
    num_revised: int
    num_open: int


def export_csv(dialogues: Sequence[Dialogue]) -> str:
    """The review table. Reviewers tick `correct` (✓), or cross it (✗) and fill in what should be there instead.

    `changes` is what a turn asks for ("add bangs, drop lipstick", "start over", "nothing"); `requirements`, the state
    after the turn, follows from the changes and is not edited.
    """
    return write_rows(row for dialogue in dialogues for row in rows_of(dialogue))


def rows_of(dialogue: Dialogue) -> list[dict[str, str]]:
    """The rows of one dialogue, a turn each, not reviewed yet."""
    before: BeliefState = belief_state.EMPTY
    rows = []
    for number, turn in enumerate(dialogue.turns, 1):
        state = turn.state or belief_state.EMPTY
        changes = changes_text(_update(before, turn))
        act = formats.act_words(turn.act) if turn.act else ""
        cells = (dialogue.id, str(number), dialogue.caption, turn.user, changes, belief_state.to_text(state),
                 turn.system or "", act)  # fmt: skip
        rows.append(dict.fromkeys(COLUMNS, "") | dict(zip(COLUMNS, cells, strict=False)))
        before = state
    return rows


def write_rows(rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows([_guarded(row[name]) for name in COLUMNS] for row in rows)
    return text.getvalue()


def import_csv(table: str, dialogues: Sequence[Dialogue]) -> Reviewed:
    """Apply a reviewed table to the dialogues that it was made from; the states follow from the changes, turn by turn.

    Raises:
        ReviewRefused: every row that is ambiguous, does not belong to the dialogues, or breaks the rules of the
            dialogue (unknown value, taking back what is not there, an act that is illogical).
    """
    rows = read_rows(table)
    problems: list[tuple[int, str]] = []
    of_dialogue = _by_dialogue(rows, dialogues, problems)
    mended = [corrected(dialogue, of_dialogue[dialogue.id], problems) for dialogue in dialogues]
    if problems:
        raise ReviewRefused(*(f"row {line}: {reason}" for line, reason in sorted(problems)))
    marks = [mark_of(row) for _, row in rows]
    return Reviewed(mended, marks.count("tick"), marks.count("cross"), len(marks) - sum(map(bool, marks)))


def rows_by_dialogue(table: str, dialogues: Sequence[Dialogue]) -> dict[str, dict[int, Mapping[str, str]]]:
    """Dialogue -> turn -> row of a table, complete or not.

    Raises:
        ReviewRefused: rows that do not belong to the dialogues.
    """
    problems: list[tuple[int, str]] = []
    found = _by_dialogue(read_rows(table), dialogues, problems)
    if problems:
        raise ReviewRefused(*(f"row {line}: {reason}" for line, reason in sorted(problems)))
    return {name: {turn: row for turn, (_, row) in rows.items()} for name, rows in found.items()}


def changes_text(update: TurnUpdate) -> str:
    """`start over, drop bangs, add blond hair`; values outside the ontology carry their slot (`add hair: curls`)."""

    def words(slot: str, value: str) -> str:
        return value if value in ONTOLOGY.values else f"{slot}: {value}"

    parts = ["start over"] if update.is_reset else []
    parts += [f"drop {words(*pair)}" for pair in update.removed]
    parts += [f"add {words(*pair)}" for pair in update.added]
    return ", ".join(parts) or "nothing"


def read_changes(text: str) -> TurnUpdate:
    """Inverse of `changes_text`.

    Raises:
        ValueError, UnknownSlot, UnknownValue
    """
    added, removed, is_reset = [], [], False
    for part in (" ".join(piece.split()).lower() for piece in text.split(",")):
        verb, _, named = part.partition(" ")
        if part == "start over":
            is_reset = True
        elif verb in ("add", "drop") and named:
            slot, colon, value = (piece.strip() for piece in named.partition(":"))
            pair = (slot, value) if colon else (OPEN_ONTOLOGY.slot_of(named), named)
            OPEN_ONTOLOGY.check(*pair)
            (added if verb == "add" else removed).append(pair)
        elif part != "nothing":
            raise ValueError(f"{part!r} is none of 'add VALUE', 'drop VALUE', 'start over', 'nothing'")
    return TurnUpdate(tuple(added), tuple(removed), is_reset)


def corrected(
    dialogue: Dialogue, rows: Mapping[int, tuple[int, Mapping[str, str]]], problems: list[tuple[int, str]]
) -> Dialogue:
    """The dialogue with its rows (turn -> line and row) applied; the first turn that cannot be is a problem.

    From that turn on the dialogue stays as it was.
    """
    before = after = belief_state.EMPTY
    turns = []
    for number, turn in enumerate(dialogue.turns, 1):
        update = _update(before, turn)
        before = turn.state or belief_state.EMPTY
        line, row = rows.get(number, (0, {}))
        try:
            _check_mark(row)
            if row.get("revised changes"):
                update = read_changes(row["revised changes"])
            after = _applied(after, update)
            turns.append(_revised(turn, row, after, dialogue))
        except (DialogueError, ValueError) as error:
            where = "" if line else f"turn {number} of {dialogue.id}, which the table does not have: "
            problems.append((line, f"{where}{error}"))
            return replace(dialogue, turns=(*turns, *dialogue.turns[len(turns) :]))
    return replace(dialogue, turns=tuple(turns))


def mark_of(row: Mapping[str, str]) -> str:
    """`tick`, `cross`, or nothing where the turn was not looked at."""
    mark = row.get("correct", "").lower()
    return "tick" if mark in TICKS else "cross" if mark in CROSSES else ""


def read_table(path: Path) -> str:
    """Text of a table on disk.

    Raises:
        DataNotReadable: it is not UTF-8, as spreadsheets write CSV where they are not told.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataNotReadable(str(path), "it is not UTF-8; save it as 'CSV UTF-8'") from error


def read_rows(table: str) -> list[tuple[int, Mapping[str, str]]]:
    """Row numbers as a spreadsheet shows them (the header is row 1), and the cells by column."""
    reader = csv.reader(io.StringIO(table.removeprefix("\ufeff")))
    header = next(reader, [])
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise ReviewRefused(f"row 1: no column {', '.join(repr(name) for name in missing)}")
    rows = []
    for number, cells in enumerate(reader, 2):
        padded = [*cells, *[""] * (len(header) - len(cells))]
        if any(cell.strip() for cell in cells):
            rows.append((number, dict(zip(header, (_unguarded(cell.strip()) for cell in padded), strict=False))))
    return rows


def _update(before: BeliefState, turn: Turn) -> TurnUpdate:
    return as_said(diff(before, turn.state or belief_state.EMPTY, OPEN_ONTOLOGY), before, turn.kind)


def _by_dialogue(
    rows: Sequence[tuple[int, Mapping[str, str]]], dialogues: Sequence[Dialogue], problems: list[tuple[int, str]]
) -> dict[str, dict[int, tuple[int, Mapping[str, str]]]]:
    known = {dialogue.id: dialogue for dialogue in dialogues}
    found: dict[str, dict[int, tuple[int, Mapping[str, str]]]] = defaultdict(dict)
    for line, row in rows:
        problem = _place_problem(row, known, found[row["dialogue"]])
        if problem:
            problems.append((line, problem))
        else:
            found[row["dialogue"]][int(row["turn"])] = (line, row)
    return found


def _place_problem(row: Mapping[str, str], known: Mapping[str, Dialogue], taken: Mapping[int, object]) -> str:
    dialogue = known.get(row["dialogue"])
    if dialogue is None:
        return f"there is no dialogue {row['dialogue']!r}"
    if not row["turn"].isdecimal() or not 1 <= int(row["turn"]) <= len(dialogue.turns):
        return f"dialogue {dialogue.id} has turns 1 to {len(dialogue.turns)}, not {row['turn']!r}"
    if int(row["turn"]) in taken:
        return f"turn {row['turn']} of {dialogue.id} comes twice"
    if row["user"] != dialogue.turns[int(row["turn"]) - 1].user.strip():
        return "the column 'user' was edited; write the new text into 'revised user'"
    return ""


def _check_mark(row: Mapping[str, str]) -> None:
    is_revised = any(row.get(name) for name in _REVISED)
    mark = mark_of(row)
    if row.get("correct") and not mark:
        raise ValueError(f"'correct' holds {row['correct']!r}; write ✓ or ✗, or leave it empty")
    if is_revised and mark != "cross":
        raise ValueError("something is revised, but the turn is not marked ✗")
    if mark == "cross" and not is_revised:
        raise ValueError("marked ✗, but nothing is revised")


def _applied(state: BeliefState, update: TurnUpdate) -> BeliefState:
    for slot, value in update.removed:
        if value not in state.get(slot, frozenset()):
            raise ValueError(f"'drop {value}', but the state before this turn does not have it")
    return belief_state.apply(state, update, OPEN_ONTOLOGY)


def _revised(turn: Turn, row: Mapping[str, str], state: BeliefState, dialogue: Dialogue) -> Turn:
    act: Act | None = parse_act(row["revised act"]) if row.get("revised act") else turn.act
    is_new = act != turn.act or state != turn.state  # what was illogical before the review is not the reviewer's fault
    if act and is_new and policy.is_illogical(act, state, dialogue.attributes):
        raise ValueError(f"the act '{formats.act_words(act)}' repeats or contradicts the state or the photo")
    user, system = row.get("revised user") or turn.user, row.get("revised system") or turn.system
    return replace(turn, user=user, state=state, system=system, act=act)


def _guarded(cell: str) -> str:
    """Spreadsheets run what looks like a formula; an apostrophe makes it a text."""
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in (*_FORMULA, "'") else cell
