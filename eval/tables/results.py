"""Scores of all seeds, as they are kept in a file and put into tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..dialogue_scores import Spread, spread
from .scores import RowScores

MAIN_METRICS = {"fd": False, "pd": False, "min_rel": True, "avg_rel": True}
"""The paper's four -> whether more is better."""
OWN_METRICS = {"present": True, "complete": True, "changed": False, "identity": True}
"""What only a reader and an identity network can tell, after the last turn."""


class DialogueRow(NamedTuple):
    """A line of Table 4: one value a model or, where there is one model, a seed; ratios in [0, 1]."""

    name: str
    joint_accuracy: list[float]
    bleu: list[float]
    distinct_1: list[float]
    distinct_2: list[float]
    num_dialogues: int


@dataclass(frozen=True, slots=True)
class Results:
    """All that the tables and the page are made of.

    Attributes:
        source: date, version, machine, command (`compare.provenance`), and the seconds that it took.
        settings: pack, presets, dialogues, seeds, networks: in words.
        suffix: of the metrics' names (`space.PictureSpace`).
        images: row -> scores, one a seed.
        dialogue: lines of Table 4.
        tracking: joint accuracy in and out of domain (Table 10), with the number of dialogues.
        statistics: Table 3.
        figures: file name -> caption.
    """

    source: Mapping[str, str]
    settings: Mapping[str, str]
    suffix: str
    images: Mapping[str, Sequence[RowScores]]
    dialogue: Sequence[DialogueRow]
    tracking: Mapping[str, tuple[float, int]]
    statistics: Mapping[str, float]
    figures: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON takes them."""
        return {
            "source": dict(self.source),
            "settings": dict(self.settings),
            "suffix": self.suffix,
            "images": {name: [scores.to_json() for scores in row] for name, row in self.images.items()},
            "dialogue": [row._asdict() for row in self.dialogue],
            "tracking": {name: list(pair) for name, pair in self.tracking.items()},
            "statistics": dict(self.statistics),
            "figures": dict(self.figures),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Results":
        """Inverse of `to_json`."""
        images = {name: [RowScores.from_json(one) for one in row] for name, row in record["images"].items()}
        dialogue = [DialogueRow(**row) for row in record["dialogue"]]
        tracking = {name: (float(pair[0]), int(pair[1])) for name, pair in record["tracking"].items()}
        return cls(**{**record, "images": images, "dialogue": dialogue, "tracking": tracking})

    @property
    def has_spread(self) -> bool:
        """Whether every row has two seeds or more."""
        return all(len(row) > 1 for row in self.images.values())

    def metric(self, row: str, name: str) -> Spread | None:
        """Mean and spread of one metric over the seeds; None where the row or the metric is not there."""
        seeds = [_value(scores, name) for scores in self.images.get(row, ())]
        known = [value for value in seeds if value is not None]
        return spread(known) if known and len(known) == len(seeds) else None


def are_apart(one: Spread, other: Spread) -> bool | None:
    """Whether the intervals mean +- spread of two rows do not overlap; None where one has no spread."""
    if one.deviation is None or other.deviation is None:
        return None
    return abs(one.mean - other.mean) > one.deviation + other.deviation


def is_better(one: Spread, other: Spread, more_is_better: bool) -> bool:
    """Whether `one` beats `other` by its mean."""
    return one.mean > other.mean if more_is_better else one.mean < other.mean


def _value(scores: RowScores, name: str) -> float | None:
    return getattr(scores.last, name) if name in OWN_METRICS else getattr(scores, name)
