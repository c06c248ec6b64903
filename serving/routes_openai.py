"""OpenAI's chat completions over the same conversations: images in, image URLs out, streamed where asked."""

import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response

from .border import Border, Caller, IdempotencyKey, TheBorder, TheCaller
from .openai_errors import PATH, OpenAIRoute, UnknownModel, openai_error
from .openai_messages import last_words, read_dialogue
from .openai_schemas import (
    MODEL,
    AssistantMessage,
    ChatCompletion,
    ChatRequest,
    Choice,
    Model,
    ModelList,
    OpenAIError,
)
from .openai_turn import Answered, DialogueTurn
from .running_turn import RunningTurn
from .sse import HEARTBEAT, sse_response

_STREAM = {"text/event-stream": {"schema": {"type": "string", "description": "`chat.completion.chunk`s"}}}
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": OpenAIError, "description": "The request cannot be served as it is; `message` says why."},
    "5XX": {"model": OpenAIError, "description": "The fault is ours; it is worth trying again."},
}
router = APIRouter(tags=["openai"], route_class=OpenAIRoute, responses=_ERRORS)


@router.get("/v1/models")
def list_models(caller: TheCaller) -> ModelList:
    """The one model that there is."""
    return ModelList(data=[Model()])


@router.get("/v1/models/{model}")
def get_model(caller: TheCaller, model: str) -> Model:
    """The one model that there is."""
    _check_model(model)
    return Model()


@router.post(PATH, response_model=ChatCompletion, responses={200: {"content": _STREAM}})
async def complete(
    request: Request,
    border: TheBorder,
    caller: TheCaller,
    given: ChatRequest,
    idempotency_key: IdempotencyKey = None,
) -> ChatCompletion | Response:
    """One turn of a conversation that the messages tell in full (or that `metadata.thread` names)."""
    _check_model(given.model)
    asked = _turn(border, caller, given, idempotency_key)
    turn: RunningTurn[Answered] = RunningTurn(border, asked.run, asked.cancel)
    if not given.stream:
        answered = await turn.result(request)
        return ChatCompletion(
            id=_new_id(),
            created=int(time.time()),
            choices=[Choice(message=AssistantMessage(content=answered.text))],
            chatedit=answered.result,
        )
    await turn.started()
    return sse_response(_chunks(turn))


def _turn(border: Border, caller: Caller, given: ChatRequest, key: str | None) -> DialogueTurn:
    thread = given.metadata.thread if given.metadata is not None else None
    if thread is not None:
        return DialogueTurn(border, caller, thread=thread, words=last_words(given.messages), key=key)
    return DialogueTurn(border, caller, dialogue=read_dialogue(given.messages, given.user or ""))


async def _chunks(turn: RunningTurn[Answered]) -> AsyncIterator[str]:
    """Server-sent chunks: progress in a field of ours, then the words, then the picture."""
    head = {"id": _new_id(), "object": "chat.completion.chunk", "created": int(time.time()), "model": MODEL}
    yield _chunk(head, {"role": "assistant", "content": ""})
    async for event in turn.events():
        if event is None:
            yield HEARTBEAT
        elif event[0] == "progress":
            done = {name: event[1][name] for name in ("step", "num_steps")}
            yield _chunk(head, {}, chatedit={"progress": done})
    try:
        answered = turn.outcome()
    except Exception as error:  # outermost: the answer has begun, so the error is an event
        yield f"data: {openai_error(error)[1].model_dump_json()}\n\n"
        return
    for text in answered.parts:
        yield _chunk(head, {"content": text})
    yield _chunk(head, {}, "stop", chatedit=answered.result.model_dump(exclude_none=True))
    yield "data: [DONE]\n\n"


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return f"data: {json.dumps({**head, 'choices': [choice], **more}, ensure_ascii=False)}\n\n"


def _check_model(name: str) -> None:
    if name != MODEL:
        raise UnknownModel(name)


def _new_id() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"
