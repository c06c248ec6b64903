"""What the client raises: one class for each `urn:chatedit:error:NAME` of the service, named alike."""

import json
from collections.abc import Mapping
from typing import Any

_URN = "urn:chatedit:error:"


class ClientError(Exception):
    """Base of all that the client raises."""


class ConnectionLost(ClientError):
    """The service could not be reached, or went away. Args: what happened."""

    def __str__(self) -> str:
        return f"no answer from the service ({self.args[0]})"


class ApiError(ClientError):
    """The service refused. Args: name, HTTP status, detail, seconds to wait or None, the whole problem.

    Names that this client does not know are told as the class of their status.
    """

    @property
    def name(self) -> str:
        """Of the error, stable."""
        return str(self.args[0])

    @property
    def status(self) -> int:
        """HTTP status."""
        return int(self.args[1])

    @property
    def detail(self) -> str:
        """A sentence for people that says what to do."""
        return str(self.args[2])

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which it is worth trying again, where the service says so."""
        return self.args[3]

    @property
    def problem(self) -> Mapping[str, Any]:
        """All that the service said."""
        return self.args[4]

    def __str__(self) -> str:
        return f"{self.name} ({self.status}): {self.detail}"


class InvalidRequest(ApiError): ...


class UploadIncomplete(ApiError): ...


class NotAuthenticated(ApiError): ...


class NotAllowed(ApiError): ...


class NotFound(ApiError): ...


class UnknownThread(NotFound): ...


class UnknownImage(NotFound): ...


class UnknownVersion(NotFound): ...


class UnknownRun(NotFound): ...


class Conflict(ApiError): ...


class ThreadBusy(Conflict): ...


class NothingToUndo(Conflict): ...


class NothingToRedo(Conflict): ...


class ThreadTaken(Conflict): ...


class PhotoGiven(Conflict): ...


class ImageInUse(Conflict): ...


class BadImage(ApiError): ...


class NotAnImage(BadImage): ...


class NotOnlyAnImage(BadImage): ...


class ImageDamaged(BadImage): ...


class ImageFileTooLarge(BadImage): ...


class TooManyPixels(BadImage): ...


class ImageTooSmall(BadImage): ...


class UnsupportedPixels(BadImage): ...


class OutOfDomain(BadImage): ...


class NoFace(BadImage): ...


class SeveralFaces(BadImage): ...


class FaceTooSmall(BadImage): ...


class FaceCutOff(BadImage): ...


class InvalidBeliefState(ApiError): ...


class KeyReused(ApiError): ...


class InvalidCursor(ApiError): ...


class UploadTooSlow(ApiError): ...


class BodyTooLarge(ApiError): ...


class Throttled(ApiError): ...


class TooManyRequests(Throttled): ...


class ComputeUsedUp(Throttled): ...


class ServiceBusy(Throttled): ...


class EditorBusy(Throttled): ...


class Unavailable(ApiError): ...


class DatabaseUnavailable(Unavailable): ...


class StoreUnavailable(Unavailable): ...


class EditorGone(Unavailable): ...


class EditorBroke(Unavailable): ...


class InternalError(ApiError): ...


_OF_STATUS: dict[int, type[ApiError]] = {
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    422: InvalidRequest,
    429: Throttled,
    500: InternalError,
    503: Unavailable,
    507: Unavailable,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error that an answer is; also one that a proxy in between gave."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    return error_of_problem({"status": status, **problem}, headers.get("Retry-After"))


def error_of_problem(problem: Mapping[str, Any], retry_after: str | None = None) -> ApiError:
    """The error that a problem is."""
    status = int(problem["status"])
    name = str(problem.get("type", "")).removeprefix(_URN) or "HttpError"
    kind = _by_name(ApiError).get(name) or _OF_STATUS.get(status, ApiError)
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return kind(name, status, problem.get("detail") or "no reason was given", seconds, dict(problem))


def _by_name(base: type[ApiError]) -> dict[str, type[ApiError]]:
    found = {base.__name__: base}
    for kind in base.__subclasses__():
        found |= _by_name(kind)
    return found
