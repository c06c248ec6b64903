"""A small web site for this machine only: bound to loopback, no request leaves it, other sites cannot use it."""

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.middleware.trustedhost import TrustedHostMiddleware

LOOPBACK = "127.0.0.1"
PAGES = Path(__file__).parent / "pages"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",  # another study on the same port must not show these pictures
}
_environment = Environment(
    loader=PackageLoader("chatedit.eval.human", "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def local_site() -> FastAPI:
    """An app with styles and scripts under `/static`; it answers to names of this machine only (no DNS rebinding)."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
    app.mount("/static", StaticFiles(directory=PAGES / "static"))

    @app.middleware("http")
    async def _headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update(_HEADERS)
        return response

    return app


def page(template: str, /, **values: Any) -> HTMLResponse:
    """The `template` of `pages/`, filled; everything is escaped."""
    return HTMLResponse(_environment.get_template(f"{template}.html.j2").render(**values))


def serve_locally(app: FastAPI, port: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `say` gets the address. Port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    import uvicorn

    with socket.create_server((LOOPBACK, port)) as listener:
        say(f"http://{LOOPBACK}:{listener.getsockname()[1]}")
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])
