"""`/metrics` for Prometheus."""

import hmac

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from .border import Border, TheBorder
from .errors import NotAuthenticated

router = APIRouter(tags=["system"], include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, border: TheBorder) -> Response:
    """The numbers of all ingress replicas; where API keys are needed, for `CHATEDIT_METRICS_TOKEN` only."""
    if border.settings.needs_keys and not _has_token(request, border):
        raise NotAuthenticated
    return Response(await run_in_threadpool(request.app.state.metrics_page), media_type=CONTENT_TYPE_LATEST)


def _has_token(request: Request, border: Border) -> bool:
    """Users' API keys do not count: the numbers are about everybody."""
    token = border.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return token is not None and hmac.compare_digest(given.encode(), token.get_secret_value().encode())
