"""The FastAPI app over a border."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.middleware.cors import CORSMiddleware

from .. import __version__
from . import (
    mcp_http,
    openai_errors,
    problems,
    routes_choices,
    routes_images,
    routes_langgraph,
    routes_openai,
    routes_page,
    routes_threads,
    routes_turns,
)
from .border import Border, TheBorder
from .mcp_http import McpEndpoint
from .middleware import BodyLimit, LocalOnly, SecurityHeaders
from .observer import Observer
from .problems import Problem
from .readiness import Readiness
from .routes_metrics import router as metrics_router
from .schemas import Health, Version

API = "v1"
MAX_JSON_BYTES = 64 * 1024
EXPOSED_HEADERS = ("Content-Location", "ETag", "Retry-After", "X-Request-Id")  # what pages elsewhere may read
_PROBLEM = {"model": Problem, "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
ERRORS: dict[int | str, dict] = {
    "4XX": {**_PROBLEM, "description": "The request cannot be served as it is; `detail` says why."},
    "5XX": {**_PROBLEM, "description": "The fault is ours; with `Retry-After` it is worth trying again."},
}
system = APIRouter(tags=["system"])


def create_app(border: Border) -> FastAPI:
    """The app; all state is in the border."""
    max_bytes = _body_limit(border.service.limits.images.max_bytes)
    mcp = McpEndpoint(border, max_bytes(mcp_http.PATH))
    app = FastAPI(
        title="ChatEdit",
        version=__version__,
        summary="Edit faces by conversation.",
        openapi_url=f"/{API}/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        responses=ERRORS,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # ours quotes nobody; see serving/observer.py
        lifespan=mcp.lifespan,
    )
    app.state.border = border
    app.state.readiness = Readiness(border.checks)
    app.state.metrics_page = border.service.metrics.exposition
    app.include_router(metrics_router)
    app.router.routes.append(mcp.route)
    for router in (system, routes_choices.router, routes_images.router, routes_threads.router, routes_turns.router):
        app.include_router(router)
    app.include_router(routes_langgraph.router)
    app.include_router(routes_openai.router)
    routes_page.install(app)
    problems.install(app)
    origins = border.settings.cors_origins
    if not border.settings.needs_keys:
        app.add_middleware(LocalOnly, origins=origins)
    app.add_middleware(BodyLimit, max_bytes=max_bytes)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
            max_age=600,
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observer, metrics=border.service.metrics)
    return app


@system.get("/health")
def health() -> Health:
    """Whether the process answers."""
    return Health(status="ok")


@system.get("/ready", responses={503: {"model": Health}})
def ready(request: Request) -> JSONResponse:
    """Whether everything that a turn needs works: database, store, and replicas of all models, busy or not."""
    found = request.app.state.readiness.problems()
    status = Health(status="not ready" if found else "ok", problems=found)
    return JSONResponse(status.model_dump(), 503 if found else 200)


@system.get("/version")
def version(border: TheBorder) -> Version:
    """Versions of the service, its API, and pack and code of the editor; and what an upload may have."""
    service = border.service
    max_image_bytes = service.limits.images.max_bytes
    return Version(version=__version__, api=API, editor=service.editor.version, max_image_bytes=max_image_bytes)


def _body_limit(max_image_bytes: int):
    def max_bytes(path: str) -> int:
        if path == "/v1/images":
            return max_image_bytes
        # a message may bring a picture, as base64
        if path in (mcp_http.PATH, openai_errors.PATH) or (path.startswith("/langgraph/threads/") and "/runs" in path):
            return max_image_bytes * 4 // 3 + MAX_JSON_BYTES
        return MAX_JSON_BYTES

    return max_bytes
