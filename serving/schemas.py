"""What the HTTP API takes and gives."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ..dialogue.ontology import ONTOLOGY

MAX_UTTERANCE, MAX_IDEAS, MAX_METADATA_BYTES = 512, 4, 4096


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    return text


def is_small(metadata: Mapping[str, Any]) -> bool:
    """Whether plain JSON may be kept as metadata."""
    return len(_json(metadata)) <= MAX_METADATA_BYTES


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        data = _json(metadata)
    except (ValueError, RecursionError) as error:
        raise ValueError("must be plain JSON") from error
    if not is_small(metadata) or b"\\u0000" in data:
        raise ValueError(f"must be at most {MAX_METADATA_BYTES} bytes of JSON without NUL characters")
    return metadata


def _json(metadata: Mapping[str, Any]) -> bytes:
    return json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode()


def _known(values: list[str]) -> list[str]:
    if unknown := [value for value in values if value not in ONTOLOGY.values]:
        raise ValueError(f"{unknown[0]!r} is no value of the ontology")
    return values


Utterance = Annotated[str, Field(min_length=1, max_length=MAX_UTTERANCE), AfterValidator(_plain)]
ImageId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="id of a picture: the SHA-256 of its bytes")]
Slot = Annotated[str, Field(json_schema_extra={"enum": list(ONTOLOGY.slots)}, max_length=64), AfterValidator(_plain)]
Value = Annotated[str, Field(json_schema_extra={"enum": list(ONTOLOGY.values)}, max_length=64), AfterValidator(_plain)]
Metadata = Annotated[dict[str, Any], AfterValidator(_small)]
BeliefState = dict[str, list[str]]


class Given(BaseModel):
    """Base of what comes in."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ThreadRequest(Given):
    """A conversation to start."""

    image: ImageId
    caption: Annotated[str, Field(max_length=1000), AfterValidator(_plain)] | None = Field(
        default=None, description="what the photo shows; found out where absent"
    )
    attributes: Annotated[list[str], Field(max_length=32), AfterValidator(_known)] | None = Field(
        default=None, description="values of the ontology that the photo shows; found out where absent"
    )
    metadata: Metadata = Field(default_factory=dict)


class TurnRequest(Given):
    """What the user says."""

    utterance: Utterance


class StateRequest(Given):
    """The belief state that the picture is to show, as a whole; what it leaves out is as in the photo again."""

    belief_state: Annotated[dict[Slot, Annotated[list[Value], Field(max_length=16)]], Field(max_length=16)]


class IdeasRequest(Given):
    """Several things to try from the version shown now."""

    utterances: Annotated[list[Utterance], Field(min_length=2, max_length=MAX_IDEAS)]


class StepsRequest(Given):
    """How far to undo or redo."""

    steps: int = Field(default=1, ge=1, le=1000)


class VersionRequest(Given):
    """Which version to go to; 0 is the photo. What is said next branches off there."""

    version: int = Field(ge=0, le=1_000_000)


class CompareRequest(Given):
    """Two versions to show side by side."""

    one: int = Field(ge=0, le=1_000_000)
    other: int = Field(ge=0, le=1_000_000)


class ImageView(BaseModel):
    """A picture: its id, its URL (without a key for a day or two), and where known its size."""

    id: str
    url: str
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None


class MetricsView(BaseModel):
    """What the editor's own networks see: requested value -> certainty that it shows, likeness of the person."""

    relevance: dict[str, float] = {}
    identity: float | None = None
    steps: int = 0
    seconds: float = 0.0


class TurnView(BaseModel):
    """An answered turn; turn 0 and version 0 are the photo."""

    id: int
    parent: int | None
    version: int
    user: str
    reply: str
    act: dict[str, str] = Field(description="what the system does: `next`, `request` a slot, `suggest` a value")
    belief_state: BeliefState = Field(description="slot -> values: everything asked for so far")
    added: list[list[str]] = Field(description="pairs [slot, value] that this turn asked for")
    removed: list[list[str]]
    is_reset: bool
    missing: list[str] = Field(description="requested values that the picture does not show")
    image: ImageView
    metrics: MetricsView


class ErrorView(BaseModel):
    """Why a turn came to nothing: a name for programs, a sentence for people."""

    type: str
    message: str


class OutcomeView(BaseModel):
    """What a turn or a move came to; `turn` is where the conversation stands now."""

    thread: str
    reply: str
    turn: TurnView
    is_changed: bool = Field(description="whether another version is shown than before")
    comparison: list[TurnView] | None
    error: ErrorView | None


class ThreadView(BaseModel):
    """A conversation; times are seconds since the epoch."""

    id: str
    created_at: float
    updated_at: float
    image: ImageView | None
    metadata: dict[str, Any]


class OpinionView(BaseModel):
    """What a second tracker made of a turn."""

    turn: int
    tracker: str
    agrees: bool | None = Field(description="null where it failed")
    belief_state: BeliefState | None


class StateView(BaseModel):
    """Where a conversation stands."""

    thread: str
    caption: str
    attributes: list[str]
    belief_state: BeliefState
    turn: TurnView
    num_turns: int
    num_versions: int
    can_redo: bool
    opinions: list[OpinionView] = Field(description="of the second tracker, as far as they are there")


class PortraitView(BaseModel):
    """A portrait that ships with the service; `caption` and `attributes` are what `POST /v1/threads` takes."""

    name: str
    caption: str
    attributes: list[str]
    url: str


class SlotView(BaseModel):
    """What can be asked for: a slot and its values."""

    name: str
    values: list[str]
    is_single: bool = Field(description="it holds one value at a time")


class OntologyView(BaseModel):
    """All that can be asked for; `excludes` tells which other values a value replaces."""

    slots: list[SlotView]
    excludes: dict[str, list[str]]


class Page(BaseModel):
    """A part of a list; `next` is the cursor of the next part."""

    next: str | None


class ThreadPage(Page):
    """Conversations, the newest first."""

    items: list[ThreadView]


class TurnPage(Page):
    """Turns of all branches, the oldest first."""

    items: list[TurnView]


class Cancelled(BaseModel):
    """Whether there was anything to cancel."""

    is_cancelled: bool


class Health(BaseModel):
    """`ok`, or for `/ready` the parts that do not work and why."""

    status: Literal["ok", "not ready"]
    problems: dict[str, str] = {}


class Version(BaseModel):
    """Versions of the service, of its API, and of pack and code of the editor; and what an upload may have."""

    version: str
    api: str
    editor: str
    max_image_bytes: int
