"""Sees every request: gives it an id, counts and times it, logs it, and opens its trace."""

import logging
import re
import time
import uuid

from opentelemetry.trace import Span, SpanKind
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..tools.tracing import span
from .log_lines import bound
from .metrics import Metrics

logger = logging.getLogger(__name__)
PROBLEM = "chatedit.problem"  # key of the scope: name of the error that was answered
QUIET = ("/health", "/ready", "/metrics")  # asked for all the time
UNKNOWN_ROUTE = "unknown"  # paths that lead nowhere are no labels: there is no end of them
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


class Observer:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, started, status = Headers(scope=scope), time.perf_counter(), 500
        request_id = _request_id(headers)

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with bound(request=request_id), span("HTTP", dict(headers), SpanKind.SERVER) as current:
            try:
                await self._app(scope, receive, send_and_note)
            finally:
                self._note(scope, status, time.perf_counter() - started, current)

    def _note(self, scope: Scope, status: int, seconds: float, current: Span) -> None:
        route = getattr(scope.get("route"), "path", UNKNOWN_ROUTE)
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.http_requests.labels(method, route, str(status)).inc()
        self._metrics.http_seconds.labels(route).observe(seconds)
        problem = scope.get(PROBLEM, "")
        if status == 429:
            self._metrics.throttled.labels(problem or UNKNOWN_ROUTE).inc()
        current.update_name(f"{method} {route}")
        current.set_attributes(
            {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        )
        facts = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        if problem:
            facts["problem"] = problem
        thread = scope.get("path_params", {}).get("thread")
        with bound(**({"thread": thread} if thread else {})):
            logger.log(logging.DEBUG if route in QUIET else logging.INFO, "request", extra=facts)


def _request_id(headers: Headers) -> str:
    """The caller's own where it is fit for a log."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
