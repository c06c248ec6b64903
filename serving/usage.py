"""Rate limits by requests and by compute seconds, in windows that all processes share."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, select

from .database import Database, add_to, usage
from .errors import ComputeUsedUp, TooManyRequests

MINUTE_S, HOUR_S = 60, 3600
_KEPT_WINDOWS_S = 2 * HOUR_S


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What one owner may use; None for no limit."""

    requests_per_minute: int | None = 600
    compute_s_per_hour: float | None = 1800.0


class Meter:
    """Counts what owners use.

    Args:
        database: where the counts are.
        limits: what is allowed.
        clock: seconds since the epoch.
    """

    def __init__(
        self, database: Database, limits: RateLimits, clock: Callable[[], float] = lambda: time.time()
    ) -> None:
        self._database, self._limits, self._clock = database, limits, clock

    def count_request(self, owner: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests
        """
        allowed = self._limits.requests_per_minute
        if allowed is None:
            return
        window, rest_s = self._window(MINUTE_S)
        with self._database.begin() as connection:
            count = add_to(connection, usage, {"owner": owner, "kind": "requests", "window": window}, "amount", 1.0)
        if count > allowed:
            raise TooManyRequests(rest_s, allowed)

    def check_compute(self, owner: str) -> None:
        """Refuse an owner whose compute seconds are used up.

        Raises:
            ComputeUsedUp
        """
        allowed = self._limits.compute_s_per_hour
        if allowed is None:
            return
        window, rest_s = self._window(HOUR_S)
        if self._used(owner, window) >= allowed:
            raise ComputeUsedUp(rest_s, allowed)

    def add_compute(self, owner: str, seconds: float) -> None:
        """Book seconds of the models' time."""
        window, _ = self._window(HOUR_S)
        with self._database.begin() as connection:
            add_to(connection, usage, {"owner": owner, "kind": "compute_s", "window": window}, "amount", seconds)
            oldest = int(self._clock()) - _KEPT_WINDOWS_S
            connection.execute(delete(usage).where(usage.c.window < oldest))

    def compute_used(self, owner: str) -> float:
        """Compute seconds of this hour."""
        return self._used(owner, self._window(HOUR_S)[0])

    def _used(self, owner: str, window: int) -> float:
        query = select(usage.c.amount).where(
            usage.c.owner == owner, usage.c.kind == "compute_s", usage.c.window == window
        )
        with self._database.begin() as connection:
            return float(connection.execute(query).scalar() or 0.0)

    def _window(self, length_s: int) -> tuple[int, float]:
        """Start of the window and seconds that are left of it."""
        now = self._clock()
        start = int(now // length_s) * length_s
        return start, start + length_s - now
