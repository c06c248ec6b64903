"""Ask until there is an answer: time-outs, back-off, rate limits."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from .endpoint import Endpoint
from .errors import CallFailed
from .outcome import ChatRequest, Outcome
from .settings import LlmSettings


class Completer(Protocol):
    """Turns requests into outcomes: an endpoint with patience, or a recording of one."""

    def complete(self, request: ChatRequest) -> Outcome:
        """What became of the request; an endpoint that does not answer is an outcome, too.

        Raises:
            EndpointUnusable, ReplayMissing
        """
        ...


class Patient:
    """Tries a call again where that may help. Where the endpoint limits the rate, all threads pause together."""

    def __init__(self, endpoint: Endpoint, settings: LlmSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._endpoint, self._settings, self._sleep = endpoint, settings, sleep
        self._not_before_s = 0.0
        self._lock = threading.Lock()

    def complete(self, request: ChatRequest) -> Outcome:
        """See `Completer.complete`."""
        mishaps: Counter[str] = Counter()
        started = time.perf_counter()
        while True:
            self._wait_for_the_others()
            try:
                completion = self._endpoint.call(request)
                return Outcome(completion, mishaps=mishaps, latency_ms=_since_ms(started))
            except CallFailed as error:
                kind, reason, wait_s = error.args
            mishaps[kind] += 1
            if kind == "too long" or mishaps.total() >= self._settings.attempts:
                return Outcome(None, kind, reason, mishaps, _since_ms(started))
            self._pause(kind, wait_s or self._backoff_s(mishaps.total() - 1))

    def _pause(self, kind: str, wanted_s: float) -> None:
        wait_s = min(wanted_s, self._settings.max_backoff_s)
        if kind != "rate limit":
            self._sleep(wait_s)
            return
        with self._lock:
            self._not_before_s = max(self._not_before_s, time.monotonic() + wait_s)

    def _wait_for_the_others(self) -> None:
        with self._lock:
            wait_s = self._not_before_s - time.monotonic()
        if wait_s > 0:
            self._sleep(wait_s)

    def _backoff_s(self, attempt: int) -> float:
        return self._settings.backoff_s * 2**attempt * random.uniform(0.5, 1.0)


def _since_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
