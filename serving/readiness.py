"""Whether everything that a turn needs works, asked as seldom as one can."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

REMEMBERED_S = 2.0  # that all was well
ANSWER_S = 5.0


class Readiness:
    """The parts of a process's service, asked by one thread at a time, however many want to know.

    Args:
        checks: name -> function that raises when that part does not work.
    """

    def __init__(self, checks: Mapping[str, Callable[[], object]]) -> None:
        self._checks, self._lock = checks, Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ready")
        self._asked: Future[dict[str, str]] | None = None
        self._good_until = 0.0

    def problems(self) -> dict[str, str]:
        """Name of a part -> name of its error; empty where all is well. Takes at most `ANSWER_S` seconds."""
        with self._lock:
            if time.monotonic() < self._good_until:
                return {}
            if self._asked is None or self._asked.done():
                self._asked = self._pool.submit(self._ask)
            asked = self._asked
        try:
            return asked.result(ANSWER_S)
        except TimeoutError:
            return {"checks": "TimeoutError"}

    def _ask(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, check in self._checks.items():
            try:
                check()
            except Exception as error:  # outermost: whatever a part raises is why it is not ready
                found[name] = type(error).__name__
        if not found:
            self._good_until = time.monotonic() + REMEMBERED_S
        return found
