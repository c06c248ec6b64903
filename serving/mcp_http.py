"""MCP over streamable HTTP, at `/mcp` of the service: the same keys, owners and limits as the rest of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from .border import Border, admitted, views_for
from .errors import ServiceError
from .mcp_server import CallerOf, mcp_server
from .mcp_tools import McpCaller
from .problems import response_of

PATH = "/mcp"
_OWNER = "chatedit.owner"


class McpEndpoint:
    """The ASGI app of `/mcp`.

    Without sessions: every request stands for itself, so that any replica may answer it and no session can be taken.

    Args:
        border: what it serves.
        max_bytes: of a request's body.
    """

    def __init__(self, border: Border, max_bytes: int) -> None:
        self._border, self._max_bytes = border, max_bytes
        self._manager = self._new_manager()
        self.route = Route(PATH, self, methods=["POST"], include_in_schema=False)  # GET: there is nothing to push

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Of the app that it is part of; may be entered again, which a manager may not."""
        before, self._manager = self._manager, self._new_manager()
        try:
            async with self._manager.run():
                yield
        finally:
            self._manager = before

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            owner = await run_in_threadpool(admitted, self._border, _key(Headers(scope=scope)))
        except ServiceError as error:
            await response_of(error)(scope, receive, send)
            return
        await self._manager.handle_request({**scope, _OWNER: owner}, receive, send)

    def _new_manager(self) -> StreamableHTTPSessionManager:
        server = mcp_server(_caller_of(self._border))
        return StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=self._max_bytes)


def _caller_of(border: Border) -> CallerOf:
    async def caller_of(context: ServerRequestContext) -> McpCaller:
        request = context.request
        assert request is not None  # HTTP brings it along
        owner: str = request.scope[_OWNER]
        return McpCaller(border, owner, views_for(request, owner).url, context.session.report_progress)

    return caller_of


def _key(headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")
