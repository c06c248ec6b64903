"""Scores of one row: the paper's four metrics after the last turn, and what the reader sees after every turn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from ...dialogue.belief_state import BeliefState, values
from ...dialogue.ontology import ONTOLOGY
from ...editing.text_targets import unrequested
from .case import Case
from .editor import Editors
from .look import Look
from .space import frechet_distance

Embed = Callable[[str], np.ndarray]
"""Value -> unit text feature [C] of its prompt."""


class TurnScores(NamedTuple):
    """After one turn, over the dialogues that have it; shares in [0, 1], None where nothing can be read.

    Attributes:
        present: of the values asked for so far, how many the reader sees.
        complete: of the pictures, how many show all of them.
        changed: of the values that nobody asked for, how many differ from the truth about the original.
        identity: mean cosine of the identity features of original and result.
    """

    dialogues: int
    present: float | None
    complete: float | None
    changed: float | None
    identity: float


@dataclass(frozen=True, slots=True)
class RowScores:
    """One row with one seed.

    Attributes:
        fd, pd: Frechet and perceptual distance of results and originals, after the last turn.
        min_rel, avg_rel: eq. 2 and 1 of the last pictures and all that the dialogue asks for, mean over dialogues; None
            where none asks for anything.
        fd_truth, pd_truth: the distances from what the renderer draws for the same person and the whole state.
        last: the reader's scores after the last turn of every dialogue.
        by_turn: the same after the first, second, ... turn.
    """

    fd: float | None
    pd: float
    min_rel: float | None
    avg_rel: float | None
    fd_truth: float | None
    pd_truth: float | None
    last: TurnScores
    by_turn: tuple[TurnScores, ...]

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON takes them."""
        record = asdict(self)
        return {**record, "last": self.last._asdict(), "by_turn": [turn._asdict() for turn in self.by_turn]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "RowScores":
        """Inverse of `to_json`."""
        turns = tuple(TurnScores(**turn) for turn in record["by_turn"])
        return cls(**{**record, "last": TurnScores(**record["last"]), "by_turn": turns})


@dataclass(frozen=True, slots=True)
class Seen:
    """What the reader found in one picture; None where there is no reader.

    Attributes:
        missing: values asked for that are not there.
        changed: values that nobody asked for and that are not as in the original.
        num_watched: of how many.
    """

    wanted: frozenset[str]
    missing: frozenset[str]
    changed: frozenset[str]
    num_watched: int


def score_row(
    cases: Sequence[Case],
    pictures: Sequence[Sequence[bytes]],
    editors: Editors,
    embed: Embed,
    begin: Callable[[int], Callable[[int], None]] = lambda count: lambda done: None,
) -> tuple[RowScores, list[list[Seen | None]]]:
    """Score the pictures of all turns (of the last one only, where there is but one); also what was seen in each.

    Args:
        begin: how many pictures there are to look at -> what hears how many more were looked at.
    """
    states = [case.states[-len(shown) :] for case, shown in zip(cases, pictures, strict=True)]
    truths = [case.truth(case.states[-1]) for case in cases]
    pairs = [(case.picture, one) for case, row in zip(cases, pictures, strict=True) for one in (case.picture, *row)]
    for truth, row in zip(truths, pictures, strict=True):
        pairs += [] if truth is None else [(truth, truth), (truth, row[-1])]
    looks = dict(zip(pairs, editors.look(pairs, begin(len(pairs))), strict=True))
    of_case = [[looks[case.picture, one] for one in row] for case, row in zip(cases, pictures, strict=True)]
    seen = [
        [_seen(case, state, look) for state, look in zip(*both, strict=True)]
        for case, *both in zip(cases, states, of_case, strict=True)
    ]
    last = [row[-1] for row in of_case]
    relevances = [_relevances(look, case.states[-1], embed) for case, look in zip(cases, last, strict=True)]
    asked = [relevance for relevance in relevances if len(relevance)]
    fd = _frechet([looks[case.picture, case.picture] for case in cases], last)
    fd_truth, pd_truth = _against_truth(truths, [row[-1] for row in pictures], looks)
    return RowScores(
        fd,
        float(np.mean([look.distance for look in last])),
        float(np.mean([relevance.min() for relevance in asked])) if asked else None,
        float(np.mean([relevance.mean() for relevance in asked])) if asked else None,
        fd_truth,
        pd_truth,
        _turn([(row[-1], shown[-1]) for row, shown in zip(seen, of_case, strict=True)]),
        tuple(_by_turn(seen, of_case)),
    ), seen


def _frechet(one: Sequence[Look], other: Sequence[Look]) -> float | None:
    features = (torch.from_numpy(np.stack([look.features for look in looks])) for looks in (one, other))
    return frechet_distance(*features)


def _against_truth(
    truths: Sequence[bytes | None], pictures: Sequence[bytes], looks: Mapping[tuple[bytes, bytes], Look]
) -> tuple[float | None, float | None]:
    """Distances of the last pictures from what the renderer draws."""
    known = [(truth, picture) for truth, picture in zip(truths, pictures, strict=True) if truth is not None]
    if not known:
        return None, None
    beside = [looks[pair] for pair in known]
    return _frechet([looks[truth, truth] for truth, _ in known], beside), float(np.mean([b.distance for b in beside]))


def _relevances(look: Look, state: BeliefState, embed: Embed) -> np.ndarray:
    """Cosine [V] of a picture with each value asked for."""
    return np.array([float(look.clip @ embed(value)) for value in values(state)])


def _seen(case: Case, state: BeliefState, look: Look) -> Seen | None:
    if look.seen is None:
        return None
    wanted = frozenset(value for value in values(state) if value in ONTOLOGY.values)
    watched = set(unrequested(state)) - case.unclear()
    shown = case.shown()
    changed = frozenset(value for value in watched if (value in shown) != (value in look.seen))
    return Seen(wanted, wanted - look.seen, changed, len(watched))


def _by_turn(seen: Sequence[Sequence[Seen | None]], looks: Sequence[Sequence[Look]]) -> list[TurnScores]:
    longest = max(map(len, looks))
    rows = [list(zip(one, shown, strict=True)) for one, shown in zip(seen, looks, strict=True)]
    return [_turn([row[turn] for row in rows if turn < len(row)]) for turn in range(longest)]


def _turn(found: Sequence[tuple[Seen | None, Look]]) -> TurnScores:
    read = [one for one, _ in found if one is not None]
    identity = float(np.mean([look.identity for _, look in found]))
    asked = [one for one in read if one.wanted]
    if not asked:
        return TurnScores(len(found), None, None, None, identity)
    missing, wanted = sum(len(one.missing) for one in asked), sum(len(one.wanted) for one in asked)
    changed, watched = sum(len(one.changed) for one in read), sum(one.num_watched for one in read)
    complete = sum(not one.missing for one in asked) / len(asked)
    return TurnScores(len(found), 1.0 - missing / wanted, complete, changed / max(1, watched), identity)
