"""All scores of one dialogue model on one annotated file (paper, Table 4), and of several models together."""

import statistics as numbers
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ..dialogue.belief_state import BeliefState
from ..dialogue.dialogue_file import Dialogue, Prediction
from . import metrics
from .errors import PredictionsDoNotFit
from .metrics import Interval, SlotScore


@dataclass(frozen=True, slots=True)
class ResponseScores:
    """Scores of the replies.

    Attributes:
        illogical: share of acts that repeat or contradict wishes or photo; None where the predictions name no acts.
        repaired: share of acts that the policy had to put in the model's place; None where the predictions do not tell.
    """

    bleu: float
    bleu_signature: str
    distinct_1: float
    distinct_2: float
    distinct_1_in_groups: float
    distinct_2_in_groups: float
    illogical: float | None
    repaired: float | None


@dataclass(frozen=True, slots=True)
class DialogueScores:
    """Scores of one model; ratios in [0, 1], BLEU in [0, 100].

    Attributes:
        unreadable: share of turns whose output could not be read.
        by_turn: turn index (from 1) -> joint accuracy.
        by_kind: what the user does -> joint accuracy and number of turns; empty where the file names no kinds.
        responses: None where predictions or file have no replies.
    """

    name: str
    num_dialogues: int
    num_turns: int
    joint_accuracy: Interval
    slot_f1: SlotScore
    slot_f1_by_turn: SlotScore
    unreadable: float
    by_turn: dict[int, float]
    by_kind: dict[str, tuple[float, int]]
    responses: ResponseScores | None

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON takes them."""
        record = asdict(self)
        for name in ("joint_accuracy", "slot_f1", "slot_f1_by_turn"):
            record[name] = getattr(self, name)._asdict()
        record["by_kind"] = {kind: {"accuracy": a, "turns": n} for kind, (a, n) in self.by_kind.items()}
        return record


class Spread(NamedTuple):
    """Mean and sample standard deviation over models or seeds; None where there is one, which has none."""

    mean: float
    deviation: float | None


def spread(values: Sequence[float]) -> Spread:
    """Mean and spread of one score over several models or seeds."""
    return Spread(numbers.fmean(values), numbers.stdev(values) if len(values) > 1 else None)


def score(name: str, predictions: Sequence[Prediction], dialogues: Sequence[Dialogue]) -> DialogueScores:
    """Scores of one model's predictions.

    Raises:
        PredictionsDoNotFit: a dialogue is not predicted or not annotated, or has another number of turns.
    """
    try:
        matches = metrics.matches_by_dialogue(predictions, dialogues)
        by_id = {prediction.id: prediction for prediction in predictions}
        ordered = [by_id[dialogue.id] for dialogue in dialogues]
        predicted = [state for prediction in ordered for state in prediction.states]
        gold = [turn.state or {} for dialogue in dialogues for turn in dialogue.turns]
        return DialogueScores(
            name,
            len(dialogues),
            len(gold),
            metrics.bootstrap(matches),
            metrics.slot_f1(predicted, gold),
            metrics.slot_f1_macro(predicted, gold),
            sum(state is None for state in predicted) / len(gold),
            metrics.by_turn_index(matches),
            metrics.by_kind(matches, dialogues),
            _responses(ordered, dialogues, gold),
        )
    except ValueError as error:
        raise PredictionsDoNotFit(name, str(error)) from error


def _responses(
    predictions: Sequence[Prediction], dialogues: Sequence[Dialogue], gold: Sequence[BeliefState]
) -> ResponseScores | None:
    replies = [reply for prediction in predictions for reply in prediction.responses]
    references = [turn.system for dialogue in dialogues for turn in dialogue.turns]
    if len(replies) != len(references):
        if not replies:
            return None
        raise ValueError(f"{len(replies)} responses for {len(references)} turns")
    pairs = [(reply, reference) for reply, reference in zip(replies, references, strict=True) if reference]
    if not pairs or not any(replies):
        return None
    bleu, signature = metrics.bleu([reply for reply, _ in pairs], [reference for _, reference in pairs])
    acts = [act for prediction in predictions for act in prediction.acts]
    repairs = [is_repaired for prediction in predictions for is_repaired in prediction.repairs]
    photos = [dialogue.attributes for dialogue in dialogues for _ in dialogue.turns]
    return ResponseScores(
        bleu,
        signature,
        metrics.distinct(replies, 1),
        metrics.distinct(replies, 2),
        metrics.distinct_in_groups(replies, 1),
        metrics.distinct_in_groups(replies, 2),
        metrics.illogical_share(acts, gold, photos) if len(acts) == len(gold) else None,
        sum(repairs) / len(gold) if len(repairs) == len(gold) else None,
    )
