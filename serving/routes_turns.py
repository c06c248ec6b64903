"""Turns over HTTP, as JSON or as server-sent events."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from .border import Border, Caller, IdempotencyKey, TheBorder, TheCaller, ThreadId
from .outcomes import Outcome
from .problems import problem_of
from .running_turn import RunningTurn
from .schemas import IdeasRequest, OutcomeView, StateRequest, TurnRequest
from .sse import HEARTBEAT, sse_event, sse_response
from .turn_follower import OnEvent
from .views import Views

EVENTS = """Server-sent events where `Accept` is `text/event-stream`: `start` (the run), `state` (belief state and \
what changed), `progress` (step, num_steps, now and then a preview), `image` (picture and measures; twice where a \
value that did not show is tried with more weight), and last `response` (as the JSON answer) or `error` (a problem)."""
_STREAM = {"text/event-stream": {"schema": {"type": "string", "description": EVENTS}}}
router = APIRouter(prefix="/v1/threads", tags=["turns"])


@router.post("/{thread}/turns", response_model=OutcomeView, responses={200: {"content": _STREAM}}, description=EVENTS)
async def say(
    request: Request,
    border: TheBorder,
    caller: TheCaller,
    thread: ThreadId,
    given: TurnRequest,
    accept: Annotated[str, Header()] = "application/json",
    idempotency_key: IdempotencyKey = None,
) -> OutcomeView | Response:
    """One turn. A client that goes away cancels it; repeat it with its `Idempotency-Key`, and it is done once."""
    service, owner = border.service, caller.owner
    return await _answered(
        border,
        caller,
        thread,
        request,
        accept,
        lambda on_event: service.say(owner, thread, given.utterance, idempotency_key, on_event),
    )


@router.put("/{thread}/state", response_model=OutcomeView, responses={200: {"content": _STREAM}})
async def set_state(
    request: Request,
    border: TheBorder,
    caller: TheCaller,
    thread: ThreadId,
    given: StateRequest,
    accept: Annotated[str, Header()] = "application/json",
    idempotency_key: IdempotencyKey = None,
) -> OutcomeView | Response:
    """A turn without words: the belief state as a whole. Answers as a turn does, and can be undone like one."""
    service, owner = border.service, caller.owner
    return await _answered(
        border,
        caller,
        thread,
        request,
        accept,
        lambda on_event: service.set_state(owner, thread, given.belief_state, idempotency_key, on_event),
    )


@router.post("/{thread}/ideas")
async def try_ideas(
    request: Request, border: TheBorder, caller: TheCaller, thread: ThreadId, given: IdeasRequest
) -> list[OutcomeView]:
    """Each idea from the version shown now, as branches; keep one with `branch`."""
    service, owner = border.service, caller.owner
    turn: RunningTurn[list[Outcome]] = RunningTurn(
        border,
        lambda on_event: service.try_ideas(owner, thread, given.utterances, on_event),
        lambda: service.cancel(owner, thread),
    )
    return [caller.views.outcome(outcome) for outcome in await turn.result(request)]


async def _answered(
    border: Border, caller: Caller, thread: str, request: Request, accept: str, work: Callable[[OnEvent], Outcome]
) -> OutcomeView | Response:
    """Run a turn, and answer as the caller accepts it: in one piece, or as events."""
    turn = RunningTurn(border, work, lambda: border.service.cancel(caller.owner, thread))
    if "text/event-stream" not in accept:
        return caller.views.outcome(await turn.result(request))
    await turn.started()
    return sse_response(_stream(turn, caller.views))


async def _stream(turn: RunningTurn[Outcome], views: Views) -> AsyncIterator[str]:
    async for event in turn.events():
        if event is None:
            yield HEARTBEAT
        elif event[0] != "node":
            kind, data = event
            yield sse_event(kind, views.event(kind, data))
    try:
        yield sse_event("response", views.outcome(turn.outcome()).model_dump())
    except Exception as error:  # outermost: the answer has begun, so the error is an event
        yield sse_event("error", problem_of(error)[0].model_dump())
