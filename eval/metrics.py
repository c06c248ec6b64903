"""Metrics of the dialogue module (paper, section 3.3): pure functions of predictions and gold."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import sacrebleu

from ..dialogue import policy
from ..dialogue.belief_state import BeliefState, pairs
from ..dialogue.dialogue_file import Act, Dialogue, Prediction

State = BeliefState | None


class SlotScore(NamedTuple):
    """Precision, recall and their harmonic mean, each in [0, 1]."""

    precision: float
    recall: float
    f1: float


class Interval(NamedTuple):
    """A mean and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


def joint_goal_accuracy(predicted: Sequence[State], gold: Sequence[BeliefState]) -> float:
    """Share of turns, in [0, 1], whose whole belief state is right; None marks output that did not parse."""
    return sum(exact_matches(predicted, gold)) / len(gold)


def exact_matches(predicted: Sequence[State], gold: Sequence[BeliefState]) -> list[bool]:
    """Per turn: is the whole belief state right?

    Raises:
        ValueError: nothing to score, or not as many predictions as gold turns.
    """
    if not gold or len(predicted) != len(gold):
        raise ValueError(f"{len(predicted)} predictions for {len(gold)} gold turns")
    return [p is not None and set(pairs(p)) == set(pairs(g)) for p, g in zip(predicted, gold, strict=True)]


def slot_f1(predicted: Sequence[State], gold: Sequence[BeliefState]) -> SlotScore:
    """Micro-averaged over all (slot, value) pairs of all turns; a turn that did not parse predicts nothing."""
    exact_matches(predicted, gold)
    hits = found = wanted = 0
    for p, g in zip(predicted, gold, strict=True):
        ours, theirs = set(pairs(p or {})), set(pairs(g))
        hits += len(ours & theirs)
        found += len(ours)
        wanted += len(theirs)
    return _score(hits, found, wanted)


def slot_f1_macro(predicted: Sequence[State], gold: Sequence[BeliefState]) -> SlotScore:
    """Mean over turns of each turn's own scores; a turn with nothing wanted and nothing found scores 1."""
    exact_matches(predicted, gold)
    scores = []
    for p, g in zip(predicted, gold, strict=True):
        ours, theirs = set(pairs(p or {})), set(pairs(g))
        scores.append(_score(len(ours & theirs), len(ours), len(theirs)) if ours or theirs else SlotScore(1, 1, 1))
    columns = list(zip(*scores, strict=True))
    return SlotScore(*(sum(column) / len(column) for column in columns))


def bleu(hypotheses: Sequence[str], references: Sequence[str]) -> tuple[float, str]:
    """Corpus BLEU in [0, 100] and sacrebleu's signature."""
    metric = sacrebleu.BLEU()
    score = metric.corpus_score(list(hypotheses), [list(references)])
    return score.score, str(metric.get_signature())


def distinct(texts: Sequence[str], n: int) -> float:
    """Distinct-n as Li et al. (arXiv:1510.03055, section 5) define it, in [0, 1]; this is the one we print.

    Different n-grams of all texts together, divided by the number of *words* of all texts. It falls with the size of
    the corpus, so compare it on the same dialogues only. The paper's 0.39 / 0.87 (Table 4) cannot be this: 0.39 of
    some 45,000 words would be 17,000 different ones. See `distinct_in_groups`.

    Raises:
        ValueError: there is no word.
    """
    grams: set[tuple[str, ...]] = set()
    num_words = 0
    for text in texts:
        words = text.lower().split()
        num_words += len(words)
        grams.update(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    if not num_words:
        raise ValueError("no words")
    return len(grams) / num_words


def distinct_in_groups(texts: Sequence[str], n: int, size: int = 32) -> float:
    """Mean of `distinct` over groups of `size` texts in a row, in [0, 1]: does not fall with the size of the corpus.

    A last group that is not full is left out, unless it is the only one. With 32 replies a group the simulator's own
    replies reach a Distinct-1 of about the paper's, which suggests that the paper averages over groups, too.

    Raises:
        ValueError: there is no word.
    """
    groups = [texts[start : start + size] for start in range(0, len(texts), size)]
    whole = [group for group in groups if len(group) == size] or groups
    if not whole:
        raise ValueError("no texts")
    return sum(distinct(group, n) for group in whole) / len(whole)


def illogical_share(
    acts: Sequence[Act | None], states: Sequence[BeliefState], attributes: Sequence[Sequence[str]]
) -> float:
    """Share of responses, in [0, 1], whose act repeats or contradicts state or photo; an unread act counts."""
    if not acts or not len(acts) == len(states) == len(attributes):
        raise ValueError(f"{len(acts)} acts for {len(states)} states")
    wrong = [a is None or policy.is_illogical(a, s, p) for a, s, p in zip(acts, states, attributes, strict=True)]
    return sum(wrong) / len(wrong)


def by_turn_index(matches: Sequence[Sequence[bool]]) -> dict[int, float]:
    """Accuracy at the first, second, ... turn (from 1), over dialogues that have it."""
    columns: dict[int, list[bool]] = defaultdict(list)
    for dialogue in matches:
        for index, match in enumerate(dialogue, 1):
            columns[index].append(match)
    return {index: sum(column) / len(column) for index, column in sorted(columns.items())}


def by_kind(matches: Sequence[Sequence[bool]], dialogues: Sequence[Dialogue]) -> dict[str, tuple[float, int]]:
    """Accuracy and number of turns by what the user does; dialogues without kinds give nothing."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for row, dialogue in zip(matches, dialogues, strict=True):
        for match, turn in zip(row, dialogue.turns, strict=True):
            if turn.kind:
                groups[turn.kind].append(match)
    return {kind: (sum(group) / len(group), len(group)) for kind, group in sorted(groups.items())}


def bootstrap(matches: Sequence[Sequence[bool]], resamples: int = 1_000, seed: int = 0) -> Interval:
    """Mean over turns with its 95 % interval, dialogues drawn with replacement (turns of one are not independent)."""
    if not matches or not any(matches):
        raise ValueError("nothing to resample")
    rng = random.Random(seed)
    totals = [(sum(row), len(row)) for row in matches]

    def mean(rows: Sequence[tuple[int, int]]) -> float:
        return sum(hits for hits, _ in rows) / sum(size for _, size in rows)

    drawn = sorted(mean(rng.choices(totals, k=len(totals))) for _ in range(resamples))
    return Interval(mean(totals), drawn[int(0.025 * resamples)], drawn[int(0.975 * resamples) - 1])


def matches_by_dialogue(predictions: Sequence[Prediction], dialogues: Sequence[Dialogue]) -> list[list[bool]]:
    """Per dialogue, per turn: is the whole state right? Predictions are matched by id.

    Raises:
        ValueError: an id comes twice; a dialogue has no prediction, another number of turns, or no annotation.
    """
    _refuse_twins("predictions", predictions)
    _refuse_twins("dialogues", dialogues)
    found = {prediction.id: prediction for prediction in predictions}
    rows = []
    for dialogue in dialogues:
        if dialogue.id not in found:
            raise ValueError(f"no prediction for dialogue {dialogue.id}")
        gold = [turn.state for turn in dialogue.turns]
        if any(state is None for state in gold):
            raise ValueError(f"dialogue {dialogue.id} is not annotated")
        rows.append(exact_matches(found[dialogue.id].states, [state for state in gold if state is not None]))
    return rows


def _refuse_twins(what: str, records: Sequence[Prediction] | Sequence[Dialogue]) -> None:
    twins = [name for name, count in Counter(record.id for record in records).items() if count > 1]
    if twins:
        raise ValueError(f"several {what} have the id {twins[0]}")


def _score(hits: int, found: int, wanted: int) -> SlotScore:
    precision = hits / found if found else float(not wanted)
    recall = hits / wanted if wanted else float(not found)
    total = precision + recall
    return SlotScore(precision, recall, 2 * precision * recall / total if total else 0.0)
