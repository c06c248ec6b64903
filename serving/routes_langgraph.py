"""LangGraph's API over the same threads, below `/langgraph`: its SDK and its chat front ends work against it."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from .. import __version__
from ..agent.errors import UnknownThread
from .border import TheBorder, TheCaller, ThreadId
from .errors import NotAllowed, ThreadTaken
from .langgraph_runs import KnownRuns, Run
from .langgraph_schemas import AssistantSearch, HistoryRequest, RunCreate, ThreadCreate, ThreadSearch, ThreadUpdate
from .langgraph_views import ASSISTANT, run_view, state_of, state_view, thread_view, values_view
from .schemas import MAX_METADATA_BYTES, is_small
from .sse import sse_event, sse_response
from .thread_index import ThreadRecord

POLL_S = 0.25
SEARCH_PAGE = 200
Json = dict[str, Any]
router = APIRouter(prefix="/langgraph", tags=["langgraph"])


@router.get("/ok")
def ok() -> Json:
    """Whether the process answers."""
    return {"ok": True}


@router.get("/info")
def info() -> Json:
    """Which server this is."""
    return {"version": __version__, "flags": {"assistants": True, "crons": False}}


@router.post("/assistants/search")
def search_assistants(caller: TheCaller, given: AssistantSearch) -> list[Json]:
    """The one assistant there is."""
    return [_assistant()] if given.offset == 0 and given.graph_id in (None, ASSISTANT) else []


@router.get("/assistants/{assistant}")
def get_assistant(caller: TheCaller, assistant: str) -> Json:
    """The one assistant there is."""
    return _assistant()


@router.get("/assistants/{assistant}/schemas")
def get_schemas(caller: TheCaller, assistant: str) -> Json:
    """What goes in and out."""
    messages = {"type": "array", "items": {"type": "object"}}
    schema = {"type": "object", "properties": {"messages": messages}, "required": ["messages"]}
    return {"graph_id": ASSISTANT, "input_schema": schema, "output_schema": schema, "state_schema": schema}


@router.post("/threads")
def create_thread(border: TheBorder, caller: TheCaller, given: ThreadCreate) -> Json:
    """A thread; its photo comes with a message, or was uploaded before."""
    if given.thread_id is not None and given.if_exists == "raise":
        try:
            border.service.threads.get(caller.owner, given.thread_id)
        except UnknownThread:
            pass
        else:
            raise ThreadTaken(given.thread_id)
    record = border.service.threads.create(caller.owner, given.thread_id, given.metadata)
    return _thread(border, caller, record)


@router.post("/threads/search")
def search_threads(border: TheBorder, caller: TheCaller, given: ThreadSearch) -> list[Json]:
    """Your threads, the newest first."""
    wanted = {name: value for name, value in (given.metadata or {}).items() if name != "graph_id"}
    found = (
        record
        for record in _records(border, caller)
        if (given.ids is None or record.id in given.ids)
        and all(record.metadata.get(name) == value for name, value in wanted.items())
        and (given.status is None or given.status == _status(border, record))
    )
    return [_thread(border, caller, record) for record in islice(found, given.offset, given.offset + given.limit)]


@router.get("/threads/{thread}")
def get_thread(border: TheBorder, caller: TheCaller, thread: ThreadId) -> Json:
    """A thread."""
    return _thread(border, caller, border.service.threads.get(caller.owner, thread))


@router.patch("/threads/{thread}")
def update_thread(border: TheBorder, caller: TheCaller, thread: ThreadId, given: ThreadUpdate) -> Json:
    """Lay metadata over a thread's."""
    merged = {**border.service.threads.get(caller.owner, thread).metadata, **given.metadata}
    if not is_small(merged):
        raise NotAllowed(f"the metadata of a thread may have at most {MAX_METADATA_BYTES} bytes in all")
    border.service.threads.touch(thread, metadata=merged)
    return get_thread(border, caller, thread)


@router.delete("/threads/{thread}", status_code=204)
def delete_thread(border: TheBorder, caller: TheCaller, thread: ThreadId) -> None:
    """Delete everything of a thread."""
    border.service.delete_thread(caller.owner, thread)


@router.get("/threads/{thread}/state")
def get_state(border: TheBorder, caller: TheCaller, thread: ThreadId) -> Json:
    """The newest state of a thread."""
    found = border.service.snapshots(caller.owner, thread)
    return state_view(thread, found[0] if found else None, caller.views)


@router.post("/threads/{thread}/state")
def update_state(border: TheBorder, caller: TheCaller, thread: ThreadId) -> Json:
    """Refused: what was said and made changes by runs and moves only."""
    border.service.threads.get(caller.owner, thread)
    raise NotAllowed(f"the state changes by runs, and by POST /v1/threads/{thread}/branch, undo and redo")


@router.post("/threads/{thread}/history")
def get_history(border: TheBorder, caller: TheCaller, thread: ThreadId, given: HistoryRequest) -> list[Json]:
    """States of a thread, the newest first."""
    found = border.service.snapshots(caller.owner, thread, given.limit)
    return [state_view(thread, snapshot, caller.views) for snapshot in found]


@router.post("/threads/{thread}/runs")
async def create_run(
    request: Request, border: TheBorder, caller: TheCaller, thread: ThreadId, given: RunCreate, response: Response
) -> Json:
    """Start a run and return at once."""
    run = await _begin(request, border, caller, thread, given, is_detached=True)
    response.headers["Content-Location"] = _location(thread, run)
    return run_view(await run_in_threadpool(border.service.board.get, thread, run.id))


@router.post("/threads/{thread}/runs/wait")
async def wait_run(
    request: Request, border: TheBorder, caller: TheCaller, thread: ThreadId, given: RunCreate, response: Response
) -> Json:
    """Start a run; the values at its end."""
    run = await _begin(request, border, caller, thread, given, given.on_disconnect == "continue")
    response.headers["Content-Location"] = _location(thread, run)
    return await run.result(request)


@router.post("/threads/{thread}/runs/stream")
async def stream_run(
    request: Request, border: TheBorder, caller: TheCaller, thread: ThreadId, given: RunCreate
) -> Response:
    """Start a run and follow it."""
    run = await _begin(request, border, caller, thread, given, given.on_disconnect == "continue")
    return sse_response(run.events(), {"Content-Location": _location(thread, run)})


@router.get("/threads/{thread}/runs")
def list_runs(
    border: TheBorder,
    caller: TheCaller,
    thread: ThreadId,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    status: Annotated[str | None, Query(max_length=16)] = None,
) -> list[Json]:
    """Runs of a thread, the newest first."""
    border.service.threads.get(caller.owner, thread)
    return [run_view(run) for run in border.service.board.list(thread, limit, offset, status)]


@router.get("/threads/{thread}/runs/{run}")
def get_run(border: TheBorder, caller: TheCaller, thread: ThreadId, run: ThreadId) -> Json:
    """A run."""
    border.service.threads.get(caller.owner, thread)
    return run_view(border.service.board.get(thread, run))


@router.get("/threads/{thread}/runs/{run}/join")
async def join_run(request: Request, border: TheBorder, caller: TheCaller, thread: ThreadId, run: ThreadId) -> Json:
    """Wait for a run; the values at its end."""
    await _joined(request, border, caller, thread, run)
    snapshots = await run_in_threadpool(border.service.snapshots, caller.owner, thread)
    return values_view(state_of(snapshots), caller.views)


@router.get("/threads/{thread}/runs/{run}/stream")
async def join_stream(
    request: Request, border: TheBorder, caller: TheCaller, thread: ThreadId, run: ThreadId
) -> Response:
    """Wait for a run as a stream: its values at the end. What it told before is not repeated."""
    await run_in_threadpool(get_run, border, caller, thread, run)

    async def events():
        yield sse_event("metadata", {"run_id": run, "attempt": 1})
        yield sse_event("values", await join_run(request, border, caller, thread, run))
        yield sse_event("end", None)

    return sse_response(events())


@router.post("/threads/{thread}/runs/{run}/cancel")
async def cancel_run(
    request: Request,
    border: TheBorder,
    caller: TheCaller,
    thread: ThreadId,
    run: ThreadId,
    wait: Annotated[int, Query(ge=0, le=1)] = 0,
) -> Json:
    """Cancel a run; nothing of it stays."""
    found = await run_in_threadpool(get_run, border, caller, thread, run)
    if found["status"] == "running":
        await run_in_threadpool(border.service.cancel, caller.owner, thread)
    if wait:
        await _joined(request, border, caller, thread, run)
    return {}


async def _begin(
    request: Request, border: TheBorder, caller: TheCaller, thread: str, given: RunCreate, is_detached: bool
) -> Run:
    service = border.service
    if given.if_not_exists == "create":
        await run_in_threadpool(service.threads.create, caller.owner, thread)
    else:
        await run_in_threadpool(service.threads.get, caller.owner, thread)
    run = Run(border, caller, thread, given, is_detached)
    await run.begun()
    _known(request).add(run)
    return run


async def _joined(request: Request, border: TheBorder, caller: TheCaller, thread: str, run: str) -> None:
    """Wait until a run is over, in whatever process it is."""
    await run_in_threadpool(get_run, border, caller, thread, run)
    if (mine := _known(request).get(run)) is not None:
        await mine.turn.wait()
        return
    while (await run_in_threadpool(get_run, border, caller, thread, run))["status"] == "running":
        await asyncio.sleep(POLL_S)


def _records(border: TheBorder, caller: TheCaller) -> Iterator[ThreadRecord]:
    """All threads of the caller, the newest first."""
    records, cursor = border.service.threads.list(caller.owner, SEARCH_PAGE)
    yield from records
    while cursor is not None:
        records, cursor = border.service.threads.list(caller.owner, SEARCH_PAGE, cursor)
        yield from records


def _thread(border: TheBorder, caller: TheCaller, record: ThreadRecord) -> Json:
    snapshots = border.service.snapshots(caller.owner, record.id)
    return thread_view(record, values_view(state_of(snapshots), caller.views), _status(border, record))


def _status(border: TheBorder, record: ThreadRecord) -> str:
    return "busy" if border.service.board.list(record.id, 1, status="running") else "idle"


def _known(request: Request) -> KnownRuns:
    if not hasattr(request.app.state, "known_runs"):
        request.app.state.known_runs = KnownRuns()
    return request.app.state.known_runs


def _location(thread: str, run: Run) -> str:
    return f"/threads/{thread}/runs/{run.id}"


def _assistant() -> Json:
    """The assistant."""
    since = "2026-01-01T00:00:00+00:00"
    return {
        "assistant_id": ASSISTANT,
        "graph_id": ASSISTANT,
        "name": "ChatEdit",
        "description": "Edits faces by conversation.",
        "version": 1,
        "config": {},
        "context": {},
        "metadata": {},
        "created_at": since,
        "updated_at": since,
    }
