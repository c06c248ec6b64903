"""Threads over HTTP: open, list, look, delete, and move through the history."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from .border import IdempotencyKey, TheBorder, TheCaller, ThreadId
from .schemas import (
    Cancelled,
    CompareRequest,
    OutcomeView,
    StateView,
    StepsRequest,
    ThreadPage,
    ThreadRequest,
    ThreadView,
    TurnPage,
    VersionRequest,
)

MAX_PAGE = 100
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="items of a page")]
JSON_LINES = "application/jsonl"
_LINE = {"schema": {"type": "string"}}
_PNG = {"schema": {"type": "string", "format": "binary"}}
router = APIRouter(prefix="/v1/threads", tags=["threads"])


@router.post("", status_code=201)
async def open_thread(
    border: TheBorder, caller: TheCaller, given: ThreadRequest, idempotency_key: IdempotencyKey = None
) -> ThreadView:
    """Start a conversation about an uploaded picture."""
    record = await run_in_threadpool(
        border.service.open_thread,
        caller.owner,
        given.image,
        given.caption,
        given.attributes,
        given.metadata,
        idempotency_key,
    )
    return caller.views.thread(record)


@router.get("")
def list_threads(
    border: TheBorder,
    caller: TheCaller,
    limit: Limit = 20,
    cursor: Annotated[str | None, Query(max_length=256, description="`next` of the page before")] = None,
) -> ThreadPage:
    """Your conversations, the newest first."""
    records, following = border.service.threads.list(caller.owner, limit, cursor)
    return ThreadPage(items=[caller.views.thread(record) for record in records], next=following)


@router.get("/{thread}")
def get_thread(border: TheBorder, caller: TheCaller, thread: ThreadId) -> ThreadView:
    """A conversation."""
    return caller.views.thread(border.service.threads.get(caller.owner, thread))


@router.delete("/{thread}", status_code=204)
def delete_thread(border: TheBorder, caller: TheCaller, thread: ThreadId) -> None:
    """Delete everything of a conversation: words, pictures, latents, and the photo that it was about."""
    border.service.delete_thread(caller.owner, thread)


@router.get("/{thread}/state")
def get_state(border: TheBorder, caller: TheCaller, thread: ThreadId) -> StateView:
    """Where a conversation stands."""
    return caller.views.state(thread, border.service.state(caller.owner, thread))


@router.get("/{thread}/turns")
def list_turns(
    border: TheBorder,
    caller: TheCaller,
    thread: ThreadId,
    limit: Limit = 20,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,9}$", description="`next` of the page before")] = None,
) -> TurnPage:
    """Turns of all branches, the photo (turn 0) first; `parent` tells which turn each one followed."""
    after = -1 if cursor is None else int(cursor)
    turns = border.service.turns(caller.owner, thread, limit + 1, after)
    page = [caller.views.turn(turn) for turn in turns[:limit]]
    return TurnPage(items=page, next=str(page[-1].id) if len(turns) > limit else None)


@router.get("/{thread}/dialogue", response_class=Response, responses={200: {"content": {JSON_LINES: _LINE}}})
def get_dialogue(border: TheBorder, caller: TheCaller, thread: ThreadId) -> Response:
    """What led to the version shown, as a line of a dialogue file (JSON Lines)."""
    line = json.dumps(border.service.dialogue(caller.owner, thread), ensure_ascii=False)
    return Response(f"{line}\n", media_type=JSON_LINES)


@router.get("/{thread}/strip", response_class=Response, responses={200: {"content": {"image/png": _PNG}}})
def get_strip(border: TheBorder, caller: TheCaller, thread: ThreadId) -> Response:
    """What led to the version shown, as one picture: the photo, and what came of each turn under its words."""
    return Response(border.service.strip(caller.owner, thread), media_type="image/png")


@router.post("/{thread}/undo")
def undo(
    border: TheBorder, caller: TheCaller, thread: ThreadId, given: StepsRequest, idempotency_key: IdempotencyKey = None
) -> OutcomeView:
    """Back by versions."""
    return caller.views.outcome(border.service.undo(caller.owner, thread, given.steps, idempotency_key))


@router.post("/{thread}/redo")
def redo(
    border: TheBorder, caller: TheCaller, thread: ThreadId, given: StepsRequest, idempotency_key: IdempotencyKey = None
) -> OutcomeView:
    """Take undos back."""
    return caller.views.outcome(border.service.redo(caller.owner, thread, given.steps, idempotency_key))


@router.post("/{thread}/branch")
def branch(
    border: TheBorder,
    caller: TheCaller,
    thread: ThreadId,
    given: VersionRequest,
    idempotency_key: IdempotencyKey = None,
) -> OutcomeView:
    """Go to any version; what is said next branches off there. Version 0 starts over from the photo."""
    return caller.views.outcome(border.service.go_to(caller.owner, thread, given.version, idempotency_key))


@router.post("/{thread}/compare")
def compare(border: TheBorder, caller: TheCaller, thread: ThreadId, given: CompareRequest) -> OutcomeView:
    """Two versions side by side; “keep the left one” is then understood."""
    return caller.views.outcome(border.service.compare(caller.owner, thread, given.one, given.other))


@router.post("/{thread}/cancel")
def cancel(border: TheBorder, caller: TheCaller, thread: ThreadId) -> Cancelled:
    """Cancel the turn that runs; nothing of it stays."""
    return Cancelled(is_cancelled=border.service.cancel(caller.owner, thread))
