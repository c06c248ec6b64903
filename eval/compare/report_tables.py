"""A comparison as tables of text: what Markdown and HTML show, and what CSV lists."""

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

from ...dialogue import belief_state
from .. import paper
from .comparison import Comparison, JudgedTurn, TrackerScores
from .error_classes import CLASSES, ErrorClass

EXAMPLES = 3  # of each class of error


class ReportTable(NamedTuple):
    """A title, what to know about it, a header and rows of text; the first column names the row."""

    title: str
    note: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tables(comparison: Comparison) -> list[ReportTable]:
    """All tables, in the order of the report."""
    trackers = comparison.trackers
    found = [_accuracy(trackers), _pairs(comparison), _by_turn(trackers), _by_kind(trackers), _clean_by_kind(trackers)]
    if any(scores.by_file_kind for scores in trackers):
        found.append(_by_file_kind(trackers))
    return [table for table in (*found, _errors(trackers), _failures(trackers), _costs(trackers)) if table.rows]


def _accuracy(trackers: Sequence[TrackerScores]) -> ReportTable:
    note = (
        "In percent. Joint accuracy: turns whose whole state is right; 95 %: bootstrap over dialogues. A turn without "
        "a state is not right; 'answered' leaves out the turns on which the endpoint failed or the model refused. "
        "F1 pairs: over all slot-value pairs; F1 turns: mean over turns. The paper reports "
        f"{paper.TABLE_4['T5-base'].joint_accuracy:.1f} for T5-base and {paper.CHATGPT_JOINT_ACCURACY:.1f} for "
        "ChatGPT, asked as llm-updates asks; on its own data."
    )
    header = ("tracker", "joint accuracy", "95 %", "answered", "precision", "recall", "F1 pairs", "F1 turns")
    rows = []
    for s in trackers:
        interval = f"{100 * s.joint_accuracy.low:.1f} to {100 * s.joint_accuracy.high:.1f}"
        ratios = (s.answered_accuracy, s.slot_f1.precision, s.slot_f1.recall, s.slot_f1.f1, s.slot_f1_by_turn.f1)
        rows.append((s.name, percent(s.joint_accuracy.mean), interval, *map(percent, ratios)))
    return ReportTable("Accuracy", note, header, rows)


def _pairs(comparison: Comparison) -> ReportTable:
    note = (
        "Difference of joint accuracy in percentage points, with its 95 % bootstrap interval over dialogues. McNemar: "
        "exact, two-sided, on the turns that only one gets right; it takes turns for independent, so where it and the "
        "interval disagree, believe the interval. Holm: corrected for the number of pairs."
    )
    header = ("pair", "difference", "95 %", "only the first", "only the second", "McNemar p", "p (Holm)")
    rows = []
    for pair in comparison.pairs:
        mean, low, high = (100 * x for x in pair.difference)
        p_values = (_p(pair.p_value), _p(pair.p_holm))
        counts = (f"{pair.only_one:,}", f"{pair.only_other:,}")
        rows.append((f"{pair.one} / {pair.other}", f"{mean:+.1f}", f"{low:+.1f} to {high:+.1f}", *counts, *p_values))
    return ReportTable("Pairs", note, header, rows)


def _by_turn(trackers: Sequence[TrackerScores]) -> ReportTable:
    turns = sorted({turn for s in trackers for turn in s.by_turn})
    rows = [(s.name, *(percent(s.by_turn[turn][0]) if turn in s.by_turn else "" for turn in turns)) for s in trackers]
    counts = tuple(f"{turn} ({trackers[0].by_turn[turn][1]:,})" for turn in turns)
    note = "Joint accuracy in percent at the first, second, ... turn (in brackets: how many there are)."
    return ReportTable("By turn", note, ("tracker", *counts), rows)


def _by_kind(trackers: Sequence[TrackerScores]) -> ReportTable:
    sizes = {kind: count for s in trackers for kind, (_, count) in s.by_kind.items()}
    rows = [(kind, f"{n:,}", *(percent(s.by_kind[kind][0]) for s in trackers)) for kind, n in sizes.items()]
    note = "Joint accuracy in percent by what the turn does to the state (told from the annotation)."
    return ReportTable("By kind of turn", note, ("kind", "turns", *(s.name for s in trackers)), rows)


def _clean_by_kind(trackers: Sequence[TrackerScores]) -> ReportTable:
    sizes = {kind: count for s in trackers for kind, (_, count) in s.clean_by_kind.items()}
    rows = [(kind, f"{n:,}", *(percent(s.clean_by_kind[kind][0]) for s in trackers)) for kind, n in sizes.items()]
    note = "Turns on which no new error is made, in percent: how well a turn is read, whatever went wrong before."
    return ReportTable("By kind of turn, earlier errors forgiven", note, ("kind", "turns", *_names(trackers)), rows)


def _by_file_kind(trackers: Sequence[TrackerScores]) -> ReportTable:
    sizes = {kind: count for s in trackers for kind, (_, count) in s.by_file_kind.items()}
    ordered = sorted(sizes.items(), key=lambda item: -item[1])
    rows = [(kind, f"{n:,}", *(percent(s.by_file_kind[kind][0]) for s in trackers)) for kind, n in ordered]
    note = "Joint accuracy in percent by what the simulator says that the user does."
    return ReportTable("By kind of turn, as the file names them", note, ("kind", "turns", *_names(trackers)), rows)


def _errors(trackers: Sequence[TrackerScores]) -> ReportTable:
    rows = [
        (kind, *(f"{s.errors.get(kind, 0):,}" for s in trackers), meaning)
        for kind, meaning in CLASSES.items()
        if any(s.errors.get(kind) for s in trackers)
    ]
    rows.append(("(turns wrong by earlier errors only)", *(f"{s.carried:,}" for s in trackers), ""))
    note = "Errors where they are made: a value that stays wrong for three turns is one error, not three."
    return ReportTable("Errors", note, ("class", *_names(trackers), "means"), rows)


def _failures(trackers: Sequence[TrackerScores]) -> ReportTable:
    kinds = dict.fromkeys(kind for s in trackers for kind in (*s.mishaps, *s.failures))
    rows = [
        (
            kind,
            *(
                f"{s.failures.get(kind, 0):,} of {max(s.mishaps.get(kind, 0), s.failures.get(kind, 0)):,}"
                for s in trackers
            ),
        )
        for kind in kinds
    ]
    note = "Turns that have no state in the end, of all times that it went wrong; the others were made good by a retry."
    return ReportTable("Failures", note, ("kind", *_names(trackers)), rows)


def _costs(trackers: Sequence[TrackerScores]) -> ReportTable:
    header = ("tracker", "p50 ms", "p95 ms", "tokens in", "tokens out", "USD in all", "USD a dialogue", "note")
    rows = []
    for s in trackers:
        times = ("" if ms is None else f"{ms:,.1f}" for ms in (s.cost.p50_ms, s.cost.p95_ms))
        tokens = ("not known" if n is None else f"{n:,}" for n in (s.cost.tokens_in, s.cost.tokens_out))
        usd = ("not known" if x is None else f"{x:.4f}" for x in (s.cost.usd, s.cost.usd_per_dialogue))
        rows.append((s.name, *times, *tokens, *usd, s.note))
    note = "Latency of one turn, retries and waits included. Costs by the price table, without discounts."
    return ReportTable("Latency and cost", note, header, rows)


def summary_csv(comparison: Comparison) -> str:
    """A row a tracker, plain numbers (ratios in [0, 1])."""
    rows = []
    for s in comparison.trackers:
        row: dict[str, object] = {
            "tracker": s.name,
            "dialogues": comparison.num_dialogues,
            "turns": comparison.num_turns,
        }
        accuracy = s.joint_accuracy
        row |= {"joint_accuracy": accuracy.mean, "low": accuracy.low, "high": accuracy.high}
        row |= {"answered_accuracy": s.answered_accuracy, "slot_precision": s.slot_f1.precision}
        row |= {"slot_recall": s.slot_f1.recall, "slot_f1": s.slot_f1.f1, "slot_f1_by_turn": s.slot_f1_by_turn.f1}
        row |= {f"errors: {kind}": s.errors.get(kind, 0) for kind in CLASSES}
        row |= {"carried": s.carried, "p50_ms": s.cost.p50_ms, "p95_ms": s.cost.p95_ms}
        row |= {"tokens_in": s.cost.tokens_in, "tokens_out": s.cost.tokens_out, "usd": s.cost.usd}
        rows.append(row)
    return _csv(rows)


def turns_csv(comparison: Comparison) -> str:
    """A row a turn and tracker: everything that the report counts."""
    return _csv([_turn_row(s.name, turn) for s in comparison.trackers for turn in s.turns])


def examples(scores: TrackerScores) -> list[tuple[ErrorClass, list[JudgedTurn]]]:
    """The first turns of each class of error, from different dialogues."""
    found: dict[ErrorClass, dict[str, JudgedTurn]] = {kind: {} for kind in CLASSES}
    for turn in scores.turns:
        for error in turn.errors:
            if len(found[error.kind]) < EXAMPLES:
                found[error.kind].setdefault(turn.dialogue, turn)
    return [(kind, list(turns.values())) for kind, turns in found.items() if turns]


def state_text(state: belief_state.BeliefState | None) -> str:
    """A state for people; where there is none, a dash."""
    return "-" if state is None else belief_state.to_text(state) or "nothing"


def percent(ratio: float | None) -> str:
    """`12.3`; empty where there is none."""
    return "" if ratio is None else f"{100 * ratio:.1f}"


def _turn_row(name: str, turn: JudgedTurn) -> dict[str, object]:
    measured = turn.measured
    return {
        "tracker": name,
        "dialogue": turn.dialogue,
        "turn": turn.index,
        "kind": turn.kind,
        "file_kind": turn.file_kind,
        "system": turn.system_before,
        "user": turn.user,
        "gold": belief_state.to_text(turn.gold),
        "predicted": state_text(turn.predicted),
        "right": int(turn.is_right),
        "errors": "; ".join(" ".join(filter(None, error)) for error in turn.errors),
        "failure": measured.failure,
        "why": measured.tracked.error,
        "latency_ms": measured.latency_ms,
        "tokens_in": measured.tokens_in,
        "tokens_out": measured.tokens_out,
        "usd": measured.cost_usd,
    }


def _names(trackers: Sequence[TrackerScores]) -> tuple[str, ...]:
    return tuple(s.name for s in trackers)


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"


def _csv(rows: Sequence[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
