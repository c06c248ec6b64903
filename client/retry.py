"""When to try again."""

from dataclasses import dataclass

from .calls import Call
from .errors import ApiError, ClientError, ConnectionLost, ThreadBusy

FIRST_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient the client is.

    Attributes:
        max_attempts: of one call, the first included.
        max_wait_s: seconds of pauses in all; a service that asks for a longer one is not asked again.
    """

    max_attempts: int = 5
    max_wait_s: float = 60.0


class Attempts:
    """The attempts of one call."""

    def __init__(self, policy: RetryPolicy, call: Call) -> None:
        self._policy, self._call = policy, call
        self._num, self._waited_s, self._was_cut = 1, 0.0, False

    def pause_s(self, error: ClientError) -> float:
        """Seconds until the next attempt.

        Raises:
            ClientError: `error` itself, where no further attempt helps.
        """
        backoff_s = FIRST_PAUSE_S * 2 ** (self._num - 1)
        if isinstance(error, ConnectionLost):
            may_retry, seconds = self._call.is_repeatable, backoff_s
            self._was_cut = True
        elif isinstance(error, ApiError):
            may_retry, seconds = self._is_passing(error), error.retry_after_s or backoff_s
        else:
            raise error
        if not may_retry or self._num >= self._policy.max_attempts:
            raise error
        if self._waited_s + seconds > self._policy.max_wait_s:
            raise error
        self._num += 1
        self._waited_s += seconds
        return seconds

    def _is_passing(self, error: ApiError) -> bool:
        if isinstance(error, ThreadBusy):  # it is our own turn that still runs
            return self._was_cut
        return error.status == 429 or (error.status == 503 and self._call.is_repeatable)
