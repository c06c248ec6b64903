"""A second tracker beside the first: it never slows or breaks a turn, and what it thought is recorded."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from typing import Any

from ..dialogue import belief_state
from ..dialogue.belief_state import BeliefState
from ..dialogue.formats import Context
from ..dialogue.second_trackers import SecondTracker

logger = logging.getLogger(__name__)
MAX_KEPT = 200  # records of a thread that wait to be collected
MAX_THREADS = 1000  # that have such records; those of threads that nobody goes on with are forgotten


class SecondOpinion:
    """Asks another tracker in a thread of its own.

    Args:
        second: the other one (an LLM, say).
        max_waiting: questions that may wait; further ones are dropped and counted.
        on_record: called with each record, for logs and metrics.
    """

    def __init__(
        self,
        second: SecondTracker,
        max_waiting: int = 16,
        on_record: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._second, self._on_record = second, on_record
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="second-opinion")  # one: cost differences are exact
        self._lock, self._waiting, self._max_waiting = Condition(), 0, max_waiting
        self._records: dict[str, list[dict[str, Any]]] = {}
        self.num_dropped = 0

    def ask(self, thread: str, turn: int, context: Context, state: BeliefState) -> None:
        """Queue the question what the state is after `context`, and return at once."""
        with self._lock:
            if self._waiting >= self._max_waiting:
                self.num_dropped += 1
                return
            self._waiting += 1
        self._executor.submit(self._answer, thread, turn, context, state)

    def collect(self, thread: str, timeout_s: float = 0.0) -> list[dict[str, Any]]:
        """Records of a thread that were not collected yet: `turn`, `tracker`, `agrees`, `belief_state`, `latency_ms`,
        `cost_usd`, `error`. Waits up to `timeout_s` until no question is open."""
        with self._lock:
            self._lock.wait_for(lambda: not self._waiting, timeout_s)
            return self._records.pop(thread, [])

    def forget(self, thread: str) -> None:
        """Drop the records of a thread that is deleted."""
        self.collect(thread)

    def close(self) -> None:
        """Wait for what is running, drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _answer(self, thread: str, turn: int, context: Context, state: BeliefState) -> None:
        record: dict[str, Any] = {
            "turn": turn,
            "tracker": self._second.name,
            "agrees": None,
            "belief_state": None,
            "error": "",
        }
        cost, start = self._second.total_cost_usd(), time.perf_counter()
        try:
            [tracked] = self._second.tracker.track([context])
            record |= {"belief_state": belief_state.to_json(tracked.state), "error": tracked.error}
            record["agrees"] = not tracked.error and tracked.state == state
        except Exception as error:  # whatever breaks the second tracker must not break the turn
            logger.exception("the second tracker %s failed", self._second.name)
            record["error"] = f"{type(error).__name__}: {error}"
        record["latency_ms"] = (time.perf_counter() - start) * 1000
        record["cost_usd"] = self._second.total_cost_usd() - cost
        with self._lock:
            self._waiting -= 1
            kept = self._records.pop(thread, [])  # and in again: the thread that waits longest comes first
            self._records[thread] = [*kept, record][-MAX_KEPT:]
            if len(self._records) > MAX_THREADS:
                del self._records[next(iter(self._records))]
            self._lock.notify_all()
        if self._on_record is not None:
            self._on_record(record)
