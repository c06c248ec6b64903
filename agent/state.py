"""What a conversation remembers. Plain data and references only: never pixels, latents or objects of ours."""

from typing import Annotated, Any, NotRequired, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from ..dialogue.belief_state import TurnUpdate

JsonState = dict[str, list[str]]
"""A belief state as `belief_state.to_json` writes it."""


class UpdateRecord(TypedDict):
    """A `TurnUpdate` as data: pairs `[slot, value]`."""

    added: list[list[str]]
    removed: list[list[str]]
    is_reset: bool


class Turn(TypedDict):
    """One answered turn: a node of the conversation's tree.

    `version` numbers the pictures: a turn that changes nothing has its parent's, version 0 is the photo. `id` is the
    turn's place in `DialogueState.turns`; turn 0 is the photo itself. `metrics` is the artifact of the edit, without
    its image. `missing` lists requested values that the picture does not show, `act` is what the system did.
    """

    id: int
    parent: int | None
    version: int
    user: str
    system: str
    belief_state: JsonState
    update: UpdateRecord
    image: str
    metrics: dict[str, Any]
    missing: list[str]
    act: dict[str, str]
    message_id: str


class Pending(TypedDict):
    """A turn on its way: what the tracker made of it, the reply as drafted, and the edits tried so far.

    `attempts` holds the artifacts of the edits that gave a picture, `failure` type and message of one that gave none.
    """

    user: str
    belief_state: JsonState
    update: UpdateRecord
    is_changed: bool
    tracking_error: str
    draft: str
    act: dict[str, str]
    attempts: list[dict[str, Any]]
    failure: dict[str, str] | None
    message_id: str


class ErrorRecord(TypedDict):
    """Why the last turn came to nothing: a name for programs, a sentence for people, the words to try again."""

    type: str
    message: str
    user: str


class DialogueState(TypedDict):
    """State of the graph.

    A caller gives `image` (reference of the photo), `caption` and `attributes` once, and then one HumanMessage a
    turn; `picture` is the reference of the picture to show. `turns` is a tree that only grows; `head` is the turn
    that the conversation stands at, `redo` the turns that an undo left, `last_move` the id of the move that was made
    last (of its message, where it was asked for in words) if no turn came after it. `requested` is a belief state that
    the caller sets beside its message: then nothing is tracked.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    image: NotRequired[str]
    caption: NotRequired[str]
    attributes: NotRequired[list[str]]
    picture: NotRequired[str]
    belief_state: NotRequired[JsonState]
    turns: NotRequired[list[Turn]]
    head: NotRequired[int]
    redo: NotRequired[list[int]]
    last_move: NotRequired[str]
    suggestion: NotRequired[dict[str, str] | None]
    comparison: NotRequired[list[int] | None]
    error: NotRequired[ErrorRecord | None]
    pending: NotRequired[Pending | None]
    requested: NotRequired[JsonState | None]
    opinions: NotRequired[list[dict[str, Any]]]


def update_to_record(update: TurnUpdate) -> UpdateRecord:
    """A `TurnUpdate` as plain data."""
    return {
        "added": [list(pair) for pair in update.added],
        "removed": [list(pair) for pair in update.removed],
        "is_reset": update.is_reset,
    }


def update_from_record(record: UpdateRecord) -> TurnUpdate:
    """Inverse of `update_to_record`."""
    added = tuple((slot, value) for slot, value in record["added"])
    removed = tuple((slot, value) for slot, value in record["removed"])
    return TurnUpdate(added, removed, record["is_reset"])
