"""What agents may call over MCP: the tools, their arguments and results. Thin over the service, as all protocols."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator
from starlette.concurrency import run_in_threadpool

from ..editing.image_errors import ImageDamaged
from ..tools.edit_face import WholeState
from .border import Border
from .errors import ServiceError
from .outcomes import Outcome
from .running_turn import RunningTurn
from .schemas import BeliefState, Given, ImageId, Utterance
from .turn_follower import OnEvent

ThreadName = Annotated[
    str,
    Field(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="id of a conversation, from an earlier answer"),
]


class TurnCameToNothing(ServiceError):
    """A turn that changed nothing for a reason that the user can be told. Args: type, message, the thread's id."""

    def __str__(self) -> str:
        return f"{self.args[1]} (nothing has changed; go on with thread {self.args[2]!r})"


@dataclass(frozen=True, slots=True)
class McpCaller:
    """Who calls a tool.

    Attributes:
        border: what is served.
        owner: whose pictures and conversations are seen.
        url: picture -> URL where the transport has any.
        report: hears of progress, in steps done and steps in all.
    """

    border: Border
    owner: str
    url: Callable[[str], str | None]
    report: Callable[[float, float], Awaitable[None]]


class UploadImage(Given):
    """A portrait photo to edit."""

    data: str = Field(min_length=1, description="the bytes of a PNG, JPEG or WebP file, as base64; never a path or URL")


class ListSamplePortraits(Given):
    """Nothing to say."""


class Target(Given):
    """A conversation to go on with, or a photo to start one about."""

    thread: ThreadName | None = Field(default=None, description="goes on with this conversation")
    image: ImageId | None = Field(default=None, description="starts a new conversation about this photo")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.thread is None) == (self.image is None):
            raise ValueError("give either `thread` (to go on) or `image` (to start a conversation about that photo)")
        return self


class Converse(Target):
    """One turn of the user."""

    utterance: Utterance = Field(description="what the user says, such as: make her blond; undo that; something else?")


class EditByState(Target):
    """The whole belief state at once."""

    belief_state: WholeState = Field(description="everything that the picture is to show")  # type: ignore[valid-type]


class Undo(Given):
    """How far back."""

    thread: ThreadName
    steps: int = Field(default=1, ge=1, le=1000, description="versions to go back")


class GetImage(Given):
    """Which picture."""

    image: ImageId


class UploadedImage(BaseModel):
    """A photo that a conversation can be started about; sizes in pixels."""

    image: str
    width: int
    height: int


class SamplePortrait(BaseModel):
    """A portrait that the service ships."""

    name: str
    image: str
    caption: str
    attributes: list[str]


class SamplePortraits(BaseModel):
    """Those that there are."""

    portraits: list[SamplePortrait]


class TurnResult(BaseModel):
    """Where the conversation stands now; `missing` was asked for but does not show in the picture."""

    thread: str
    reply: str
    belief_state: BeliefState
    missing: list[str]
    version: int
    is_changed: bool
    image: str = Field(description="id of the picture: `get_image` shows it")
    url: str | None = Field(default=None, description="of the picture, for a browser; without a key for a day or two")


@dataclass(frozen=True, slots=True)
class McpTool:
    """One tool.

    Attributes:
        takes: its arguments.
        gives: its result; bytes of a PNG where None.
        run: does it.
        is_read_only: changes nothing that its caller could see.
        description: for the model that chooses it.
    """

    name: str
    takes: type[BaseModel]
    gives: type[BaseModel] | None
    run: Callable[[McpCaller, Any], Awaitable[BaseModel | bytes]]
    is_read_only: bool
    description: str


async def upload_image(caller: McpCaller, given: UploadImage) -> UploadedImage:
    """Raises: BadImage."""
    try:
        data = base64.b64decode(given.data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageDamaged("it is not valid base64; send the file's bytes as base64, not a path or URL") from error
    stored = await run_in_threadpool(caller.border.service.put_image, caller.owner, data)
    return UploadedImage(image=stored.reference, width=stored.width, height=stored.height)


async def list_sample_portraits(caller: McpCaller, _: ListSamplePortraits) -> SamplePortraits:
    """The shipped portraits, as uploads of the caller's own."""

    def listed() -> list[SamplePortrait]:
        return [
            SamplePortrait(
                name=sample.name,
                image=caller.border.service.put_image(caller.owner, sample.path.read_bytes()).reference,
                caption=sample.caption,
                attributes=list(sample.attributes),
            )
            for sample in caller.border.portraits
        ]

    return SamplePortraits(portraits=await run_in_threadpool(listed))


async def converse(caller: McpCaller, given: Converse) -> TurnResult:
    """Raises: as `Service.say`."""
    service = caller.border.service
    thread = await _thread(caller, given)
    return await _turn(
        caller, thread, lambda on_event: service.say(caller.owner, thread, given.utterance, on_event=on_event)
    )


async def edit_by_state(caller: McpCaller, given: EditByState) -> TurnResult:
    """Raises: as `Service.set_state`."""
    service, wanted = caller.border.service, given.belief_state.model_dump(by_alias=True)
    thread = await _thread(caller, given)
    return await _turn(
        caller, thread, lambda on_event: service.set_state(caller.owner, thread, wanted, on_event=on_event)
    )


async def undo(caller: McpCaller, given: Undo) -> TurnResult:
    """Raises: NothingToUndo, UnknownThread."""
    outcome = await run_in_threadpool(caller.border.service.undo, caller.owner, given.thread, given.steps)
    return _result(caller, outcome)


async def get_image(caller: McpCaller, given: GetImage) -> bytes:
    """Raises: UnknownImage."""
    return await run_in_threadpool(caller.border.service.image, caller.owner, given.image)


async def _thread(caller: McpCaller, given: Target) -> str:
    """The conversation that a call names, or a new one."""
    if given.thread is not None:
        return given.thread
    assert given.image is not None
    record = await run_in_threadpool(caller.border.service.open_thread, caller.owner, given.image)
    return record.id


async def _turn(caller: McpCaller, thread: str, work: Callable[[OnEvent], Outcome]) -> TurnResult:
    """Run a turn; it is cancelled when the call is."""
    service, owner = caller.border.service, caller.owner
    turn: RunningTurn[Outcome] = RunningTurn(caller.border, work, lambda: service.cancel(owner, thread))
    async for event in turn.events():
        if event is not None and event[0] == "progress":
            await caller.report(event[1]["step"], event[1]["num_steps"])
    outcome = turn.outcome()
    if (error := outcome["error"]) is not None:
        raise TurnCameToNothing(error["type"], error["message"], thread)
    return _result(caller, outcome)


def _result(caller: McpCaller, outcome: Outcome) -> TurnResult:
    turn = outcome["turn"]
    return TurnResult(
        thread=outcome["thread"],
        reply=outcome["reply"],
        belief_state=turn["belief_state"],
        missing=turn["missing"],
        version=turn["version"],
        is_changed=outcome["is_changed"],
        image=turn["image"],
        url=caller.url(turn["image"]),
    )


TOOLS = {
    tool.name: tool
    for tool in (
        McpTool(
            "upload_image",
            UploadImage,
            UploadedImage,
            upload_image,
            False,
            "Upload a portrait photo (base64). Its `image` id starts a conversation or an edit.",
        ),
        McpTool(
            "list_sample_portraits",
            ListSamplePortraits,
            SamplePortraits,
            list_sample_portraits,
            True,
            "Portraits that the service ships, to try it without a photo; each has an `image` id.",
        ),
        McpTool(
            "converse",
            Converse,
            TurnResult,
            converse,
            False,
            "One turn about a portrait: say what to change in plain words. The photo is edited towards everything "
            "asked for so far. Start with `image`, go on with the `thread` of the answer.",
        ),
        McpTool(
            "edit_by_state",
            EditByState,
            TurnResult,
            edit_by_state,
            False,
            "Edit a portrait by the whole belief state instead of words: everything that the picture is to show; what "
            "is left out is as in the photo again. Start with `image`, or go on with a `thread`.",
        ),
        McpTool("undo", Undo, TurnResult, undo, False, "Go back to an earlier picture of a conversation."),
        McpTool("get_image", GetImage, None, get_image, True, "Look at a picture by its id."),
    )
}
