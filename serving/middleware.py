"""What holds for every request: security headers, a bounded body, and no strange web page on a keyless machine."""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .config import is_loopback
from .errors import BodyTooLarge, NotAllowed
from .openai_errors import PATH as OPENAI_PATH
from .openai_errors import openai_response
from .problems import response_of

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # pictures are shown by chat front ends elsewhere
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Adds headers that an answer does not have yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class BodyLimit:
    """Refuses bodies that are larger than a path takes, by their announced length or when they turn out so.

    Args:
        max_bytes: path -> bytes allowed.
    """

    def __init__(self, app: ASGIApp, max_bytes: Callable[[str], int]) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowed, seen = self._max_bytes(scope["path"]), 0
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isascii() and announced.isdigit() and int(announced) > allowed:
            await _refusal(scope, BodyTooLarge(allowed))(scope, receive, send)
            return

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > allowed:
                raise BodyTooLarge(allowed)
            return message

        await self._app(scope, receive_counted, send)


def _refusal(scope: Scope, error: Exception) -> Response:
    return openai_response(error) if scope["path"] == OPENAI_PATH else response_of(error)


class LocalOnly:
    """Where no keys are needed, only programs of this machine may call, and no web page that it happens to show.

    A page elsewhere could otherwise send requests to this machine (by a host name that it lets point here, too).

    Args:
        origins: web pages that may call nevertheless.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (why := self._why_not(scope)):
            await _refusal(scope, NotAllowed(why))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _why_not(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        if not _is_from_here(scope.get("client")):
            return "without API keys this service answers to its own machine only"
        host = _hostname(headers.get("host", ""))
        if not is_loopback(host):
            return f"without API keys this service answers to its loopback address only, not to {host!r}"
        origin = headers.get("origin")
        if origin and origin not in self._origins and origin != f"http://{headers.get('host')}":
            return f"pages of {origin} may not call: name it in CHATEDIT_CORS_ORIGINS"
        return ""


def _is_from_here(client: tuple[str, int] | None) -> bool:
    """Whether a request came from this machine; a client without an IP address came through a socket of it."""
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return True
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _hostname(host: str) -> str:
    """The name in a `Host` header; empty where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
