"""What annotators together say: majority votes, and how far they agree beyond chance."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..compare.paired_tests import mcnemar
from .answers import Answers
from .pairs import Pair
from .study import QUESTIONS

PAPER_KAPPA = 0.26  # App. C: Fleiss' kappa, averaged


@dataclass(frozen=True, slots=True)
class Verdict:
    """All answers to one question.

    Attributes:
        wins_one, wins_other, ties: pairs by majority of their votes; open pairs have no vote at all.
        votes_one, votes_other, votes_left: single answers; `votes_left` for what stood on the left.
        p_value: exact two-sided sign test on the pairs won.
        kappa: Fleiss' kappa, which needs as many votes on each pair: over the pairs with the most frequent number of
            votes of at least two; None where it is not defined (no such pair, or all answers are the same).
        kappa_pairs, kappa_votes: how many pairs these are, with how many votes each.
    """

    question: str
    wins_one: int
    wins_other: int
    ties: int
    num_open: int
    votes_one: int
    votes_other: int
    votes_left: int
    p_value: float
    kappa: float | None
    kappa_pairs: int
    kappa_votes: int


def verdicts(pairs: Sequence[Pair], by_annotator: Mapping[str, Answers]) -> list[Verdict]:
    """A verdict for each of the paper's questions."""
    return [_verdict(question.name, pairs, by_annotator) for question in QUESTIONS]


def mean_kappa(found: Iterable[Verdict]) -> float | None:
    """Averaged over the questions where it is defined, as the paper reports it."""
    kappas = [verdict.kappa for verdict in found if verdict.kappa is not None]
    return sum(kappas) / len(kappas) if kappas else None


def fleiss_kappa(counts: Sequence[tuple[int, ...]]) -> float | None:
    """Fleiss' kappa (Fleiss 1971) of `[num_items][num_categories]` votes, the same number (at least 2) for each item.

    None where it is not defined: no item, a single rater, or one category only (agreement by chance is certain then).

    Raises:
        ValueError: items with different numbers of votes.
    """
    if len({sum(row) for row in counts}) > 1:
        raise ValueError("Fleiss' kappa needs the same number of votes for each item")
    if not counts or sum(counts[0]) < 2 or sum(any(column) for column in zip(*counts, strict=True)) < 2:
        return None
    num_votes = sum(counts[0])
    shares = [sum(column) / (len(counts) * num_votes) for column in zip(*counts, strict=True)]
    by_chance = sum(share**2 for share in shares)
    agreeing = sum(n * (n - 1) for row in counts for n in row)  # ordered pairs of votes that say the same
    observed = agreeing / (len(counts) * num_votes * (num_votes - 1))
    return (observed - by_chance) / (1 - by_chance)


def _verdict(question: str, pairs: Sequence[Pair], by_annotator: Mapping[str, Answers]) -> Verdict:
    given = [
        [answers[pair.id, question] for answers in by_annotator.values() if (pair.id, question) in answers]
        for pair in pairs
    ]
    counts = [(_count(votes, "one"), _count(votes, "other")) for votes in given]
    wins_one, wins_other = sum(a > b for a, b in counts), sum(a < b for a, b in counts)
    sizes = Counter(size for size in map(sum, counts) if size >= 2)
    kappa_votes = max(sizes, key=lambda size: (sizes[size], size), default=0)
    rated = [count for count in counts if sum(count) == kappa_votes > 0]
    return Verdict(
        question=question,
        wins_one=wins_one,
        wins_other=wins_other,
        ties=sum(a == b > 0 for a, b in counts),
        num_open=sum(a == b == 0 for a, b in counts),
        votes_one=sum(a for a, _ in counts),
        votes_other=sum(b for _, b in counts),
        votes_left=sum(answer.place == "left" for votes in given for answer in votes),
        p_value=mcnemar(wins_one, wins_other),
        kappa=fleiss_kappa(rated),
        kappa_pairs=len(rated),
        kappa_votes=kappa_votes,
    )


def _count(votes: Iterable, choice: str) -> int:
    return sum(answer.choice == choice for answer in votes)
