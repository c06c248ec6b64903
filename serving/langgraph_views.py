"""Threads, runs, messages and states in the form of LangGraph's API."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.types import StateSnapshot

from ..agent.state import DialogueState, Turn
from ..agent.versions import turns_of
from .errors import NotAllowed
from .langgraph_schemas import Message, RunInput
from .run_board import RunRecord
from .thread_index import ThreadRecord
from .views import Views

ASSISTANT = "chatedit"
_HIDDEN = ("pending", "requested", "opinions", "redo", "last_move", "image")


class Spoken(NamedTuple):
    """What a run starts with: the user's words, a new photo (bytes or the id of an upload), the message's own id."""

    text: str
    photo: bytes | str | None
    message_id: str | None


def spoken(given: RunInput | None) -> Spoken:
    """The last human message of a run's input.

    Raises:
        NotAllowed: there is none, or it names a picture by a URL: no URL from a caller is ever opened.
    """
    messages = [] if given is None else given.messages if isinstance(given.messages, list) else [given.messages]
    human = [message for message in messages if message.is_human]
    photo = given.image if given is not None else None
    if not human and photo is None:
        raise NotAllowed("the input needs a human message, or the id of an uploaded image as `image`")
    message = human[-1] if human else Message()
    blocks = [message.content] if isinstance(message.content, str) else message.content
    texts = [one if isinstance(one, str) else str(one.get("text", "")) for one in blocks]
    pictures = [_picture(one) for one in blocks if isinstance(one, dict) and one.get("type") in ("image", "image_url")]
    words = " ".join(text.strip() for text in texts if text.strip()).replace("\x00", "")
    words = words.encode(errors="ignore").decode()  # without halves of surrogate pairs, which JSON can bring
    return Spoken(words, pictures[-1] if pictures else photo, message.id)


def thread_view(record: ThreadRecord, values: dict[str, Any], status: str) -> dict[str, Any]:
    """A `Thread` of LangGraph's SDK."""
    return {
        "thread_id": record.id,
        "created_at": _time(record.created_at),
        "updated_at": _time(record.updated_at),
        "metadata": {"graph_id": ASSISTANT, **record.metadata},
        "status": status,
        "values": values,
        "interrupts": {},
    }


def run_view(record: RunRecord) -> dict[str, Any]:
    """A `Run` of LangGraph's SDK."""
    return {
        "run_id": record.id,
        "thread_id": record.thread,
        "assistant_id": ASSISTANT,
        "created_at": _time(record.created_at),
        "updated_at": _time(record.updated_at),
        "status": record.status,
        "metadata": dict(record.metadata),
        "multitask_strategy": "reject",
    }


def state_view(thread: str, snapshot: StateSnapshot | None, views: Views) -> dict[str, Any]:
    """A `ThreadState` of LangGraph's SDK."""
    if snapshot is None:
        empty = {"thread_id": thread, "checkpoint_ns": "", "checkpoint_id": None, "checkpoint_map": None}
        return {"values": {}, "next": [], "checkpoint": empty, "metadata": {}, "created_at": None, **_NO_TASKS} | {
            "parent_checkpoint": None
        }
    parent = snapshot.parent_config
    return {
        "values": values_view(snapshot.values, views),
        "next": list(snapshot.next),
        "checkpoint": _checkpoint(snapshot.config),
        "metadata": {name: (snapshot.metadata or {}).get(name) for name in ("source", "step")},
        "created_at": snapshot.created_at,
        "parent_checkpoint": None if parent is None else _checkpoint(parent),
        **_NO_TASKS,
    }


def values_view(state: Any, views: Views) -> dict[str, Any]:
    """The state's values: messages, belief state, turns; `picture` is a URL."""
    if not state:
        return {}
    values = {name: held for name, held in state.items() if name not in (*_HIDDEN, "messages", "turns", "picture")}
    turns = turns_of(state) if state.get("image") else []
    values["messages"] = messages_view(state.get("messages", []), turns, views)
    if state.get("image"):
        values["picture"] = views.url(state["picture"])
        values["turns"] = [{**turn, "image": views.url(turn["image"])} for turn in turns]
    return values


def messages_view(messages: Sequence[AnyMessage], turns: Sequence[Turn], views: Views) -> list[dict[str, Any]]:
    """Messages as data; the answer to a turn that made a picture shows it, in Markdown."""
    made = {turn["message_id"]: turn for turn in turns if turn["message_id"] and _is_new(turn, turns)}
    shown, asked = [], ""
    for message in messages:
        data = message.model_dump(exclude={"artifact"})
        if isinstance(message, HumanMessage):
            asked = message.id or ""
        turn = made.get(asked)
        if isinstance(message, AIMessage) and turn is not None and message.text == turn["system"]:
            data["content"] = f"{message.text}\n\n![version {turn['version']}]({views.url(turn['image'])})"
        shown.append(data)
    return shown


def update_view(update: dict[str, Any], views: Views) -> dict[str, Any]:
    """What a node changed, without what is none of a client's business."""
    shown = {name: held for name, held in update.items() if name not in (*_HIDDEN, "messages", "turns", "picture")}
    if "messages" in update:
        shown["messages"] = messages_view(update["messages"], [], views)
    if update.get("picture"):
        shown["picture"] = views.url(update["picture"])
    return shown


def state_of(snapshots: Sequence[StateSnapshot]) -> DialogueState | None:
    """The newest state, where there is one."""
    return snapshots[0].values if snapshots else None  # type: ignore[return-value]


_NO_TASKS: dict[str, Any] = {"tasks": [], "interrupts": []}


def _is_new(turn: Turn, turns: Sequence[Turn]) -> bool:
    return turn["parent"] is not None and turns[turn["parent"]]["version"] != turn["version"]


def _picture(block: dict[str, Any]) -> bytes:
    """Bytes of an image block in LangChain's, OpenAI's or Anthropic's form."""
    held = block.get("image_url")
    url = held.get("url", "") if isinstance(held, dict) else held or block.get("url") or ""
    source = block.get("source") if isinstance(block.get("source"), dict) else {}
    data = block.get("base64") or block.get("data") or (source or {}).get("data")
    if isinstance(url, str) and url.startswith("data:"):
        data = url.partition(",")[2]
    if not isinstance(data, str) or not data:
        raise NotAllowed("send pictures as base64 data: no URL is ever opened for a caller")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAllowed("the picture's base64 data is damaged") from error


def _checkpoint(config: Any) -> dict[str, Any]:
    held = config["configurable"]
    return {
        "thread_id": held["thread_id"],
        "checkpoint_ns": held.get("checkpoint_ns", ""),
        "checkpoint_id": held.get("checkpoint_id"),
        "checkpoint_map": None,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
