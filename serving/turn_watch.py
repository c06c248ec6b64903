"""Times a turn by stage, and tells metrics, logs and traces of it."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..tools.tracing import span
from .errors import error_name
from .log_lines import bind, bound
from .metrics import STAGES, Metrics

logger = logging.getLogger(__name__)


class TurnWatch:
    """Seconds of one turn by stage; a stage lasts from the end of the one before.

    Attributes:
        outcome: how it ended: `success`, or the name of an error.
    """

    def __init__(self) -> None:
        self.outcome = "success"
        self.seconds: dict[str, float] = {}
        self._started_at = self._at = time.monotonic()
        self.is_started = False

    def started(self, turn: str) -> None:
        """It has its place, and an id."""
        self.is_started, self._at = True, time.monotonic()
        bind(turn=turn)

    def ended(self, node: str) -> None:
        """A node of the graph is done."""
        if node in STAGES:
            now = time.monotonic()
            self.seconds[node] = self.seconds.get(node, 0.0) + now - self._at
            self._at = now

    def close(self) -> None:
        """The turn is over."""
        self.seconds["whole"] = time.monotonic() - self._started_at


@contextmanager
def watched(metrics: Metrics, thread: str) -> Iterator[TurnWatch]:
    """Watch what happens inside the block as one turn."""
    watch = TurnWatch()
    with bound(thread=thread), span("turn", thread=thread):
        metrics.turns_running.inc()
        try:
            yield watch
        except BaseException as error:
            watch.outcome = error_name(error)
            raise
        finally:
            watch.close()
            metrics.turns_running.dec()
            metrics.turns.labels(watch.outcome).inc()
            if watch.is_started:  # one that was refused says nothing about how long turns take
                for stage, seconds in watch.seconds.items():
                    metrics.turn_seconds.labels(stage).observe(seconds)
            told = {stage: round(seconds, 4) for stage, seconds in watch.seconds.items()}
            logger.info("turn", extra={"outcome": watch.outcome, "seconds": told})
