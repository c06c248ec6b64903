"""What OpenAI's clients send and get at `/v1/chat/completions`. Unknown fields are ignored: OpenAI adds many."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from .langgraph_schemas import Lenient
from .schemas import BeliefState, ErrorView, ImageView

MODEL = "chatedit"
MAX_MESSAGES = 512


class ImageUrl(Lenient):
    """A picture as a `data:` URL."""

    url: str


class Part(Lenient):
    """A part of a message."""

    type: Annotated[str, Field(max_length=64)]
    text: Annotated[str, Field(max_length=100_000)] = ""
    image_url: ImageUrl | str | None = None


class ChatMessage(Lenient):
    """A message. Only what users say is read: what was answered is known."""

    role: Annotated[str, Field(max_length=64)]
    content: Annotated[str, Field(max_length=100_000)] | Annotated[list[Part], Field(max_length=16)] | None = None


class ChatMetadata(Lenient):
    """`thread`: goes on with this conversation where it stands; only the last message is read then."""

    thread: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")] | None = None


class ChatRequest(Lenient):
    """A request; sampling parameters and tools are accepted and ignored."""

    model: Annotated[str, Field(max_length=200)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
    n: Literal[1] | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    metadata: ChatMetadata | None = None


class Result(BaseModel):
    """Where the conversation stands, for programs; `image` is None before the first photo."""

    thread: str | None = None
    version: int | None = None
    is_changed: bool = False
    belief_state: BeliefState = {}
    missing: list[str] = []
    image: ImageView | None = None
    error: ErrorView | None = None


class AssistantMessage(BaseModel):
    """The answer; `content` shows the picture as a Markdown link."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one choice."""

    index: Literal[0] = 0
    message: AssistantMessage
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class ChatCompletion(BaseModel):
    """An answer in OpenAI's form, with ChatEdit's own beside it. There is no usage: no tokens are counted."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    chatedit: Result


class Model(BaseModel):
    """A model in OpenAI's form."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "chatedit"


class ModelList(BaseModel):
    """The one model."""

    object: Literal["list"] = "list"
    data: list[Model]


class ErrorBody(BaseModel):
    """`code` is the name of the error, as in `urn:chatedit:error:NAME`."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIError(BaseModel):
    """An error in OpenAI's form."""

    error: ErrorBody
