"""Errors as HTTP answers: one table, one form (application/problem+json, RFC 9457)."""

import http
import logging
import math
import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from ..agent.errors import AgentError, NothingToRedo, NothingToUndo, ThreadBusy, UnknownThread, UnknownVersion
from ..agent.reply import failed
from ..editing.image_errors import BadImage, ImageFileTooLarge, NotAnImage
from ..tools.errors import EditError, EditorBusy, RetryableCall, StoreUnavailable, UnknownImage
from . import errors
from .observer import PROBLEM

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
BUSY_THREAD_RETRY_S = 1.0
STORE_RETRY_S = 5.0

STATUS: dict[type[Exception], int] = {  # the nearest base counts
    UnknownThread: 404,
    UnknownImage: 404,
    UnknownVersion: 404,
    errors.UnknownRun: 404,
    ThreadBusy: 409,
    NothingToUndo: 409,
    NothingToRedo: 409,
    errors.ThreadTaken: 409,
    errors.PhotoGiven: 409,
    errors.ImageInUse: 409,
    AgentError: 400,
    BadImage: 422,
    NotAnImage: 415,
    ImageFileTooLarge: 413,
    RetryableCall: 422,
    EditorBusy: 429,
    StoreUnavailable: 503,
    EditError: 503,
    errors.NotAuthenticated: 401,
    errors.NotAllowed: 403,
    errors.TooManyRequests: 429,
    errors.ComputeUsedUp: 429,
    errors.ServiceBusy: 429,
    errors.DatabaseUnavailable: 503,
    errors.UploadTooSlow: 408,
    errors.UploadIncomplete: 400,
    errors.BodyTooLarge: 413,
    errors.KeyReused: 422,
    errors.InvalidCursor: 422,
    errors.TurnFailed: 503,
}
_FAULT_STATUS = {"EditorBusy": 429, "EngineBusy": 429}  # of a turn, by the name of what went wrong in it
_FAULTS_OF_OURS = ("EditorBroke", "EditorGone", "EngineClosed", "StoreUnavailable", "OperationalError", "DiskFull")
_DATABASE = "the database cannot be used at the moment: try again"
_DETAILS = {  # instead of what these say: it names paths and hosts, and is for the log
    "DatabaseUnavailable": _DATABASE,
    "OperationalError": _DATABASE,
    "DiskFull": _DATABASE,
    "StoreUnavailable": "pictures cannot be read or written at the moment: try again",
    "EditorGone": "the editor does not answer: try again",
    "EditorBroke": "the editor failed: try again",
}
_FULL = "there is no space left on a disk of the service: try again when there is room"
_NO_SPACE = re.compile(r"No space left|disk is full", re.IGNORECASE)


class Problem(BaseModel):
    """What went wrong, in the form of RFC 9457."""

    model_config = ConfigDict(extra="allow")
    type: str = Field(description="`urn:chatedit:error:NAME`; the name is stable")
    title: str = Field(description="the HTTP status in words")
    status: int
    detail: str = Field(description="a sentence for people that says what to do")


def problem_of(error: Exception) -> tuple[Problem, dict[str, str]]:
    """The problem that an error is, and the headers that go with it. Unknown errors say nothing of themselves."""
    name, status, detail, more = type(error).__name__, _status_of(error), str(error), {}
    if isinstance(error, errors.TurnFailed):
        name, detail, reply = error.args
        status = _FAULT_STATUS.get(name, 503 if name in _FAULTS_OF_OURS else 500)
        more = {"reply": failed(name, _DETAILS[name]) if name in _DETAILS else reply}
        if status == 500:
            detail = "the turn failed on our side; nothing has changed"
    if status == 503 and _NO_SPACE.search(detail):
        status = 507
    if status == 500:
        name = "InternalError"
        detail = detail if more else "something went wrong on our side"
    detail = _FULL if status == 507 else _DETAILS.get(name, detail)
    problem = Problem(
        type=f"urn:chatedit:error:{name}", title=http.HTTPStatus(status).phrase, status=status, detail=detail, **more
    )
    return problem, _headers(error, status)


def install(app: FastAPI) -> None:
    """Let an app answer with problems."""
    for kind in (*STATUS, Exception):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)


def response_of(error: Exception) -> JSONResponse:
    """An error as a response."""
    problem, headers = problem_of(error)
    return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)


def _status_of(error: Exception) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _headers(error: Exception, status: int) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, ThreadBusy):
        return {"Retry-After": _seconds(BUSY_THREAD_RETRY_S)}
    if status in (429, 503, 507):
        return {"Retry-After": _seconds(getattr(error, "retry_after_s", STORE_RETRY_S))}
    return {}


def _seconds(seconds: float) -> str:
    return str(max(1, math.ceil(seconds)))


async def _answer(request: Request, error: Exception) -> JSONResponse:
    response = response_of(error)
    request.scope[PROBLEM] = errors.error_name(error)
    if response.status_code >= 500:
        logger.error("%s %s: %s", request.method, request.url.path, type(error).__name__, exc_info=error)
    return response


async def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = [{"where": list(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()]
    first = f"{'.'.join(wrong[0]['where'])}: {wrong[0]['what']}" if wrong else "the request is not valid"
    return _plain(422, "InvalidRequest", first, {"errors": wrong})


async def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    name = http.HTTPStatus(error.status_code).phrase.title().replace(" ", "")
    return _plain(error.status_code, name, str(error.detail), {}, dict(error.headers or {}))


def _plain(
    status: int, name: str, detail: str, more: dict[str, Any], headers: dict[str, str] | None = None
) -> JSONResponse:
    problem = Problem(
        type=f"urn:chatedit:error:{name}", title=http.HTTPStatus(status).phrase, status=status, detail=detail, **more
    )
    return JSONResponse(problem.model_dump(), status, headers, MEDIA_TYPE)
