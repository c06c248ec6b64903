"""What the service refuses. Positional arguments only; `api.problems` knows the HTTP status of each."""


class ServiceError(Exception):
    """Base of what the service raises for a reason that the caller can be told."""


class NotAuthenticated(ServiceError):
    """No API key, or one that is not known."""

    def __str__(self) -> str:
        return "send a valid API key as `Authorization: Bearer KEY` or `X-Api-Key: KEY`"


class NotAllowed(ServiceError):
    """The caller is known but may not do this. Args: why."""

    def __str__(self) -> str:
        return str(self.args[0])


class Throttled(ServiceError):
    """Base of "later": `retry_after_s` tells when."""

    @property
    def retry_after_s(self) -> float:
        """Seconds after which it is worth trying again."""
        return float(self.args[0])


class TooManyRequests(Throttled):
    """Args: seconds until the window ends, requests allowed a minute."""

    def __str__(self) -> str:
        return f"more than {self.args[1]} requests within a minute: slow down"


class ComputeUsedUp(Throttled):
    """Args: seconds until the window ends, compute seconds allowed an hour."""

    def __str__(self) -> str:
        return f"the {self.args[1]:g} compute seconds of this hour are used up"


class ServiceBusy(Throttled):
    """Args: seconds to wait, turns that run."""

    def __str__(self) -> str:
        return f"{self.args[1]} turns are running already: try again in a moment"


class DatabaseUnavailable(Throttled):
    """The database cannot be used. Args: seconds to wait, what it said."""

    def __str__(self) -> str:
        return f"the database cannot be used at the moment ({self.args[1]}): try again"


def error_name(error: BaseException) -> str:
    """What went wrong, for metrics and logs: of a turn that failed, the name of its own error."""
    return error.args[0] if isinstance(error, TurnFailed) else type(error).__name__


class UploadTooSlow(ServiceError):
    """Args: seconds allowed."""

    def __str__(self) -> str:
        return f"the upload did not arrive within {self.args[0]:g} s"


class UploadIncomplete(ServiceError):
    """The client went away in the middle."""

    def __str__(self) -> str:
        return "the upload ended before all of it had arrived: send it again"


class BodyTooLarge(ServiceError):
    """Args: bytes allowed."""

    def __str__(self) -> str:
        return f"the body of the request is larger than the {self.args[0]} bytes allowed here"


class KeyReused(ServiceError):
    """An idempotency key came with another request. Args: the key."""

    def __str__(self) -> str:
        return f"the idempotency key {self.args[0]!r} was used for another request: use a new one"


class ThreadTaken(ServiceError):
    """The id that a caller chose for a thread is in use. Args: the id."""

    def __str__(self) -> str:
        return f"the thread id {self.args[0]!r} cannot be used: choose another, or leave it out"


class PhotoGiven(ServiceError):
    """A thread has another photo already. Args: the thread's id."""

    def __str__(self) -> str:
        return f"thread {self.args[0]!r} is about another photo: open a new thread for this one"


class UnknownRun(ServiceError):
    """Args: the run's id."""

    def __str__(self) -> str:
        return f"there is no run {self.args[0]!r} on this thread"


class InvalidCursor(ServiceError):
    """Args: the cursor."""

    def __str__(self) -> str:
        return f"{self.args[0]!r} is no cursor of this list: use `next` of an earlier page"


class ImageInUse(ServiceError):
    """Args: the reference."""

    def __str__(self) -> str:
        return f"the image {self.args[0]} belongs to a thread: delete the thread instead"


class TurnFailed(ServiceError):
    """A turn that came to nothing for a reason of the service. Args: error type, message, what the reply said."""

    def __str__(self) -> str:
        return str(self.args[1])
