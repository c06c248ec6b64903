"""Is one tracker better than another on the same turns?"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from ..metrics import Interval

Matches = Sequence[Sequence[bool]]
"""Per dialogue, per turn: is the state right?"""


@dataclass(frozen=True, slots=True)
class PairTest:
    """Two trackers, paired turn by turn.

    Attributes:
        only_one, only_other: turns that just one of them gets right.
        p_value: McNemar's exact two-sided test on those turns.
        p_holm: the same, corrected for the number of pairs compared.
        difference: joint accuracy of `one` minus that of `other`, with its 95 % bootstrap interval over dialogues.
    """

    one: str
    other: str
    only_one: int
    only_other: int
    p_value: float
    p_holm: float
    difference: Interval


def compare_all(names: Sequence[str], matches: Sequence[Matches]) -> list[PairTest]:
    """Every pair once, in the order of the names.

    McNemar's test takes turns for independent, which turns of one dialogue are not; the interval of the difference
    does not, and is the one to believe where they disagree.
    """
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    counts = [_discordant(matches[i], matches[j]) for i, j in pairs]
    p_values = [mcnemar(*count) for count in counts]
    return [
        PairTest(names[i], names[j], *count, p, p_holm, paired_difference(matches[i], matches[j]))
        for (i, j), count, p, p_holm in zip(pairs, counts, p_values, holm(p_values), strict=True)
    ]


def mcnemar(only_one: int, only_other: int) -> float:
    """Exact two-sided p-value: could a fair coin have split the discordant turns so unevenly?"""
    total, few = only_one + only_other, min(only_one, only_other)
    return min(1.0, 2 * sum(comb(total, k) for k in range(few + 1)) / 2**total)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the chance of any false alarm among all of them stays below the level."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def paired_difference(one: Matches, other: Matches, resamples: int = 1_000, seed: int = 0) -> Interval:
    """Difference of accuracies with its interval; whole dialogues are drawn, the same for both."""
    rows = [(sum(a) - sum(b), len(a)) for a, b in zip(one, other, strict=True)]

    def mean(drawn: Sequence[tuple[int, int]]) -> float:
        return sum(gain for gain, _ in drawn) / sum(size for _, size in drawn)

    rng = random.Random(seed)
    means = sorted(mean(rng.choices(rows, k=len(rows))) for _ in range(resamples))
    return Interval(mean(rows), means[int(0.025 * resamples)], means[int(0.975 * resamples) - 1])


def _discordant(one: Matches, other: Matches) -> tuple[int, int]:
    turns = [(a, b) for row, others in zip(one, other, strict=True) for a, b in zip(row, others, strict=True)]
    return sum(a and not b for a, b in turns), sum(b and not a for a, b in turns)
