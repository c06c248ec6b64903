"""The web page: static files that talk to the API like any other client."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FILES = Path(__file__).with_name("web")
HEADERS = {
    # nothing from elsewhere, nothing inline; `blob:` and `data:` are pictures on their way in or out
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",  # asked for anew by ETag, so that an update of the service reaches everybody
}
router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> Response:
    """The page; `/?thread=ID` opens a conversation."""
    return FileResponse(FILES / "index.html", headers=HEADERS)


class PageFiles(StaticFiles):
    """The files of the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See the base class."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


def install(app: FastAPI) -> None:
    """Serve the page and its files."""
    app.include_router(router)
    app.mount("/web", PageFiles(directory=FILES), name="web")
