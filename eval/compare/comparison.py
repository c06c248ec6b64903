"""Everything that a comparison of trackers says, as numbers."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from ...dialogue import belief_state
from ...dialogue.belief_state import BeliefState
from ...dialogue.dialogue_file import Dialogue
from ...dialogue.llm.outcome import NO_ANSWER
from ...dialogue.measured import Measured
from ...dialogue.ontology import ONTOLOGY
from .. import metrics
from ..errors import PredictionsDoNotFit
from ..metrics import Interval, SlotScore
from .error_classes import ErrorClass, TurnError, failure_error, new_errors, state_errors
from .paired_tests import PairTest, compare_all
from .run import Run
from .turn_kinds import KINDS, turn_kinds

Key = TypeVar("Key", int, str)


@dataclass(frozen=True, slots=True)
class JudgedTurn:
    """One turn of one tracker, judged.

    Attributes:
        index: from 1.
        kind: what the turn does to the state (`turn_kinds`); `file_kind`: what the file calls it, may be empty.
        predicted: None where there is no state.
        errors: those made here (`error_classes.new_errors`); a turn that is wrong without any carries earlier ones.
    """

    dialogue: str
    index: int
    system_before: str
    user: str
    kind: str
    file_kind: str
    gold: BeliefState
    predicted: BeliefState | None
    is_right: bool
    errors: tuple[TurnError, ...]
    measured: Measured


@dataclass(frozen=True, slots=True)
class Cost:
    """What a tracker took; None where it is not known.

    Attributes:
        p50_ms, p95_ms: latency of a turn.
        usd: what all turns cost together; `usd_per_dialogue`: what one conversation costs on average.
    """

    p50_ms: float | None
    p95_ms: float | None
    tokens_in: int | None
    tokens_out: int | None
    usd: float | None
    usd_per_dialogue: float | None


@dataclass(frozen=True, slots=True)
class TrackerScores:
    """One tracker on one file; ratios in [0, 1].

    Attributes:
        joint_accuracy: over all turns; a turn without a state is not right.
        answered_accuracy: over the turns that got an answer at all (the endpoint did not fail, the model did not
            refuse); None where there is none.
        by_turn, by_kind, by_file_kind: accuracy and number of turns.
        clean_by_kind: share of turns on which no new error was made, whatever came before, and number of turns.
        errors: class -> how many errors were made (not for how long they stayed).
        carried: turns that are wrong only because of earlier turns.
        failures: why turns have no state, by kind; `mishaps`: what went wrong on the way, also where it was made good.
    """

    name: str
    note: str
    joint_accuracy: Interval
    answered_accuracy: float | None
    slot_f1: SlotScore
    slot_f1_by_turn: SlotScore
    by_turn: Mapping[int, tuple[float, int]]
    by_kind: Mapping[str, tuple[float, int]]
    by_file_kind: Mapping[str, tuple[float, int]]
    clean_by_kind: Mapping[str, tuple[float, int]]
    errors: Mapping[ErrorClass, int]
    carried: int
    failures: Mapping[str, int]
    mishaps: Mapping[str, int]
    cost: Cost
    turns: tuple[JudgedTurn, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All trackers on one file."""

    num_dialogues: int
    num_turns: int
    trackers: tuple[TrackerScores, ...]
    pairs: tuple[PairTest, ...]

    def to_json(self) -> dict[str, Any]:
        """All numbers; the turns themselves are in `turns.csv`."""
        return {
            "dialogues": self.num_dialogues,
            "turns": self.num_turns,
            "trackers": [_scores_to_json(scores) for scores in self.trackers],
            "pairs": [asdict(pair) | {"difference": pair.difference._asdict()} for pair in self.pairs],
        }


def compare(runs: Sequence[Run], dialogues: Sequence[Dialogue]) -> Comparison:
    """Scores of all runs over the same dialogues.

    Raises:
        PredictionsDoNotFit: a dialogue is not annotated.
    """
    for dialogue in dialogues:
        if any(turn.state is None for turn in dialogue.turns):
            raise PredictionsDoNotFit("the dialogue file", f"dialogue {dialogue.id} is not annotated")
    judged = [judge(run, dialogues) for run in runs]
    matches = [[[turn.is_right for turn in row] for row in rows] for rows in judged]
    trackers = tuple(_scores(run, rows) for run, rows in zip(runs, judged, strict=True))
    pairs = compare_all([run.name for run in runs], matches)
    return Comparison(len(dialogues), sum(len(dialogue.turns) for dialogue in dialogues), trackers, tuple(pairs))


def judge(run: Run, dialogues: Sequence[Dialogue]) -> list[list[JudgedTurn]]:
    """Each turn of each dialogue against the annotation."""
    gold = [turn.state or {} for dialogue in dialogues for turn in dialogue.turns]
    known = {*ONTOLOGY.values, *(value for state in gold for value in belief_state.values(state))}
    return [_judged(row, dialogue, known) for row, dialogue in zip(run.dialogues, dialogues, strict=True)]


def _judged(row: Sequence[Measured], dialogue: Dialogue, known: set[str]) -> list[JudgedTurn]:
    gold = [turn.state or {} for turn in dialogue.turns]
    kinds = turn_kinds(dialogue)
    judged: list[JudgedTurn] = []
    before: tuple[TurnError, ...] = ()
    for i, (turn, measured) in enumerate(zip(dialogue.turns, row, strict=True)):
        carried = state_errors(measured.tracked.state, gold[i], gold[:i], known)
        made = (failure_error(measured.failure),) if measured.failure else new_errors(carried, before)
        before = carried
        predicted = None if measured.failure else measured.tracked.state
        (is_right,) = metrics.exact_matches([predicted], [gold[i]])
        system = (dialogue.turns[i - 1].system or "") if i else ""
        place = (dialogue.id, i + 1, system, turn.user, kinds[i], turn.kind)
        judged.append(JudgedTurn(*place, gold[i], predicted, is_right, made, measured))
    return judged


def _scores(run: Run, rows: Sequence[Sequence[JudgedTurn]]) -> TrackerScores:
    turns = [turn for row in rows for turn in row]
    predicted, gold = [turn.predicted for turn in turns], [turn.gold for turn in turns]
    answered = [turn for turn in turns if turn.measured.failure not in {*NO_ANSWER, "refusal"}]
    mishaps: Counter[str] = Counter()
    for turn in turns:
        mishaps.update(turn.measured.mishaps)
    return TrackerScores(
        run.name,
        run.note,
        metrics.bootstrap([[turn.is_right for turn in row] for row in rows]),
        sum(turn.is_right for turn in answered) / len(answered) if answered else None,
        metrics.slot_f1(predicted, gold),
        metrics.slot_f1_macro(predicted, gold),
        _accuracies((turn.index, turn.is_right) for turn in turns),
        _in_order(_accuracies((turn.kind, turn.is_right) for turn in turns)),
        _accuracies((turn.file_kind, turn.is_right) for turn in turns if turn.file_kind),
        _in_order(_accuracies((turn.kind, not turn.errors) for turn in turns)),
        Counter(error.kind for turn in turns for error in turn.errors),
        sum(not turn.is_right and not turn.errors for turn in turns),
        Counter(turn.measured.failure for turn in turns if turn.measured.failure),
        mishaps,
        cost_of([turn.measured for turn in turns], len(rows)),
        tuple(turns),
    )


def cost_of(turns: Sequence[Measured], num_dialogues: int) -> Cost:
    """Percentiles and sums over turns; a sum of which a part is not known is not known."""
    times = [turn.latency_ms for turn in turns if turn.latency_ms is not None]
    cuts = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times * 19
    usd = _sum([turn.cost_usd for turn in turns])
    tokens_in = _sum([turn.tokens_in for turn in turns])
    tokens_out = _sum([turn.tokens_out for turn in turns])
    return Cost(
        p50_ms=statistics.median(times) if times else None,
        p95_ms=cuts[18] if times else None,
        tokens_in=None if tokens_in is None else int(tokens_in),
        tokens_out=None if tokens_out is None else int(tokens_out),
        usd=usd,
        usd_per_dialogue=None if usd is None else usd / num_dialogues,
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _accuracies(turns: Iterable[tuple[Key, bool]]) -> dict[Key, tuple[float, int]]:
    groups: dict[Key, list[bool]] = {}
    for key, is_right in turns:
        groups.setdefault(key, []).append(is_right)
    return {key: (sum(group) / len(group), len(group)) for key, group in sorted(groups.items())}


def _in_order(by_kind: Mapping[str, tuple[float, int]]) -> dict[str, tuple[float, int]]:
    return {kind: by_kind[kind] for kind in KINDS if kind in by_kind}


def _scores_to_json(scores: TrackerScores) -> dict[str, Any]:
    record: dict[str, Any] = {"name": scores.name, "note": scores.note}
    for name in ("joint_accuracy", "slot_f1", "slot_f1_by_turn"):
        record[name] = getattr(scores, name)._asdict()
    record["answered_accuracy"] = scores.answered_accuracy
    for name in ("by_turn", "by_kind", "by_file_kind", "clean_by_kind"):
        record[name] = {key: {"accuracy": a, "turns": n} for key, (a, n) in getattr(scores, name).items()}
    record |= {"errors": dict(scores.errors), "carried": scores.carried}
    return record | {"failures": dict(scores.failures), "mishaps": dict(scores.mishaps), "cost": asdict(scores.cost)}
