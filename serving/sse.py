"""Server-sent events."""

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the latter for proxies such as nginx
HEARTBEAT = ": still there\n\n"


def sse_event(kind: str, data: Any) -> str:
    """One event as text."""
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def sse_response(events: AsyncIterator[str], headers: dict[str, str] | None = None) -> StreamingResponse:
    """A response that sends events as they come."""
    return StreamingResponse(events, media_type="text/event-stream", headers={**HEADERS, **(headers or {})})
