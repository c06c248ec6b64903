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
        self._was_cut = self._was_cut or _is_cut(error)
        if not self._may_retry(error) or self._num >= self._policy.max_attempts:
            raise error
        wanted_s = error.retry_after_s if isinstance(error, ApiError) else None
        seconds = wanted_s or FIRST_PAUSE_S * 2 ** (self._num - 1)
        if self._waited_s + seconds > self._policy.max_wait_s:
            raise error
        self._num += 1
        self._waited_s += seconds
        return seconds

    def _may_retry(self, error: ClientError) -> bool:
        if _is_cut(error):
            return self._call.is_repeatable
        if isinstance(error, ThreadBusy):  # it is our own turn that still runs
            return self._was_cut
        if not isinstance(error, ApiError):
            return False
        return error.status == 429 or (error.status == 503 and self._call.is_repeatable)


def _is_cut(error: ClientError) -> bool:
    """Whether nobody knows what became of the call: no answer, or a proxy's word that it got none."""
    if isinstance(error, ApiError):
        return error.status >= 500 and error.name == "HttpError"
    return isinstance(error, ConnectionLost)
