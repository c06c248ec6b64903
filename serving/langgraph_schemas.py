"""What LangGraph's clients send: only what we understand is read, as their payloads grow with each version."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .schemas import Metadata

Id = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
MAX_MESSAGES = 64
Text = Annotated[str, Field(max_length=100_000)]
Blocks = Annotated[list[dict[str, Any] | str], Field(max_length=16)]


class Lenient(BaseModel):
    """Base of payloads; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ThreadCreate(Lenient):
    """A thread without a photo; the first message may bring one."""

    thread_id: Id | None = None
    metadata: Metadata | None = None
    if_exists: Literal["raise", "do_nothing"] = "raise"


class ThreadUpdate(Lenient):
    """New metadata, laid over the old."""

    metadata: Metadata


class ThreadSearch(Lenient):
    """Which threads."""

    metadata: dict[str, Any] | None = None
    ids: Annotated[list[Id], Field(max_length=100)] | None = None
    status: Literal["idle", "busy", "interrupted", "error"] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 10
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class HistoryRequest(Lenient):
    """How many states."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 10


class Message(Lenient):
    """A message in LangChain's or OpenAI's form; `content` is text or blocks of text and images."""

    type: str = ""
    role: str = ""
    content: Annotated[str, Field(max_length=100_000)] | Annotated[list[dict[str, Any] | str], Field(max_length=16)] = (
        ""
    )
    id: Annotated[str, Field(max_length=200)] | None = None

    @property
    def is_human(self) -> bool:
        """Whether a person says it."""
        return self.type == "human" or self.role in ("user", "human")


class RunInput(Lenient):
    """What a run starts with."""

    messages: Annotated[list[Message], Field(max_length=MAX_MESSAGES)] | Message = Field(default_factory=list)
    image: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class RunCreate(Lenient):
    """A run."""

    assistant_id: str = ""
    input: RunInput | None = None
    metadata: Metadata | None = None
    stream_mode: str | list[str] | None = None
    on_disconnect: Literal["cancel", "continue"] = "cancel"
    if_not_exists: Literal["create", "reject"] = "reject"
    multitask_strategy: str | None = None


class AssistantSearch(Lenient):
    """Which assistants."""

    graph_id: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 10
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
