"""Errors in OpenAI's form, so that its clients raise what their users know."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from .errors import ServiceError
from .openai_schemas import ErrorBody, OpenAIError
from .problems import problem_of

logger = logging.getLogger(__name__)
PATH = "/v1/chat/completions"
_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 409: "conflict_error"}
_TYPES[429] = "rate_limit_error"
_AS_BAD_REQUEST = (415, 422)  # OpenAI answers 400 to whatever is wrong with a request


class BadMessages(ServiceError):
    """Messages that cannot be served. Args: what is wrong and what to do."""

    def __str__(self) -> str:
        return str(self.args[0])


class ImageUrlNotAllowed(BadMessages):
    """A picture that is named by a URL: no URL from a caller is ever opened."""

    def __str__(self) -> str:
        return "send the picture itself, as a `data:image/...;base64,` URL: no other URL is ever opened here"


class UnknownModel(ServiceError):
    """Args: the name."""

    def __str__(self) -> str:
        return f"there is no model {self.args[0]!r}: use 'chatedit'"


class OpenAIRoute(APIRoute):
    """A route whose errors all have OpenAI's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See FastAPI."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handler(request)
            except Exception as error:  # outermost for these routes
                return openai_response(error)

        return handled


def openai_response(error: Exception) -> JSONResponse:
    """An error as a response."""
    status, body, headers = openai_error(error)
    if status >= 500:
        logger.error("chat completion: %s", type(error).__name__, exc_info=error)
    return JSONResponse(body.model_dump(), status, headers)


def openai_error(error: Exception) -> tuple[int, OpenAIError, dict[str, str]]:
    """Status, body and headers."""
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        message = f"{where}: {first['msg']}" if where else first["msg"]
        return 400, _error("invalid_request_error", message, "InvalidRequest", where or None), {}
    if isinstance(error, HTTPException):  # a body that cannot be read at all
        return error.status_code, _error("invalid_request_error", str(error.detail), "BadRequest", None), {}
    if isinstance(error, BadMessages):
        return 400, _error("invalid_request_error", str(error), type(error).__name__, "messages"), {}
    if isinstance(error, UnknownModel):
        return 404, _error("invalid_request_error", str(error), "model_not_found", "model"), {}
    problem, headers = problem_of(error)
    status = 400 if problem.status in _AS_BAD_REQUEST else problem.status
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return status, _error(kind, problem.detail, problem.type.rsplit(":", 1)[-1], None), headers


def _error(kind: str, message: str, code: str, param: str | None) -> OpenAIError:
    return OpenAIError(error=ErrorBody(message=message, type=kind, param=param, code=code))
