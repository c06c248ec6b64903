"""Does the picture show what was asked? CLIP's relevance of each value, and identity (issue of the agent, point 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Gate:
    """Limits of what counts as shown.

    Attributes:
        min_relevance: certainty in [0, 1] from which a value counts as shown; 0.5 is where CLIP is undecided.
        min_identity: cosine of the identity features from which the person counts as the same.
        emphasis: weight, in the objective, of a value that did not show, for the one retry.
    """

    min_relevance: float = 0.5
    min_identity: float = 0.4
    emphasis: float = 2.5

    def missing(self, artifact: Mapping[str, Any]) -> list[str]:
        """Requested values that the picture does not show."""
        return [value for value, score in artifact["relevance"].items() if score < self.min_relevance]

    def is_same_person(self, artifact: Mapping[str, Any]) -> bool:
        """Whether identity was kept."""
        return artifact["identity"] >= self.min_identity

    def best(self, attempts: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The attempt to show: the same person first, then the fewest missing values, then the better identity."""
        return max(attempts, key=lambda a: (self.is_same_person(a), -len(self.missing(a)), a["identity"]))
