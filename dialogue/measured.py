"""What a tracker made of one turn, and what that took: time, tokens, money, mishaps."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .formats import Context
from .protocols import Tracked, Tracker


@dataclass(frozen=True, slots=True)
class Measured:
    """One turn of one tracker.

    Attributes:
        failure: why there is no state, in a word or two (for LLMs see `llm.outcome.Failure`); empty where there is one.
        mishaps: kind -> how often something went wrong on the way, also where it was made good in the end.
        latency_ms: from asking to knowing, waits and further attempts included; None where nobody measured it.
        tokens_in, tokens_out, cost_usd: None where they are not known; 0 where there is nothing to pay.
    """

    tracked: Tracked
    failure: str = ""
    mishaps: Mapping[str, int] = field(default_factory=dict)
    latency_ms: float | None = None
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    cost_usd: float | None = 0.0


class MeasuredTracker(Protocol):
    """A tracker that tells what a turn took."""

    def measure(self, context: Context) -> Measured:
        """One turn; safe to call from several threads where `concurrency` of the tracker says so."""
        ...


class Stopwatch:
    """Measures a tracker that knows nothing of time."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def measure(self, context: Context) -> Measured:
        """See `MeasuredTracker.measure`."""
        started = time.perf_counter()
        [tracked] = self._tracker.track([context])
        latency_ms = (time.perf_counter() - started) * 1000
        return Measured(tracked, "unparsed" if tracked.error else "", latency_ms=latency_ms)
