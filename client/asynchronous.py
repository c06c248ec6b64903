"""The asynchronous client: the same methods, to be awaited."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from ..serving.schemas import (
    Health,
    ImageView,
    OntologyView,
    OutcomeView,
    PortraitView,
    StateView,
    ThreadPage,
    ThreadView,
    TurnPage,
    Version,
)
from . import calls
from .calls import Answer, Call
from .errors import ClientError, ConnectionLost, error_of
from .events import Event, EventReader, Finished
from .retry import Attempts, RetryPolicy

TIMEOUT_S = 300.0  # of silence; a turn may wait for its turn
EVENTS = "text/event-stream"


class AsyncChatEdit:
    """The service, for programs that do several things at once.

    Args:
        url: of the service.
        api_key: from `chatedit keys create`; None where the service needs none.
        retry: when to try again; calls carry idempotency keys, so that nothing is done twice.
        timeout_s: seconds of silence after which a connection counts as lost.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        api_key: str | None = None,
        *,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=httpx.Timeout(timeout_s, connect=10.0))
        self._retry = retry

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # -- pictures ------------------------------------------------------------------------------------------------

    async def upload(self, data: bytes | Path) -> ImageView:
        """Upload a picture: its bytes, or a file of this machine.

        Raises:
            BadImage, BodyTooLarge
        """
        return await self._send(
            calls.upload(await asyncio.to_thread(data.read_bytes) if isinstance(data, Path) else data)
        )

    async def download(self, image: ImageView | str) -> bytes:
        """Bytes (PNG) of a picture, by what an answer showed or by its id. Raises: UnknownImage."""
        return await self._send(calls.download(image if isinstance(image, str) else image.id))

    async def delete_image(self, image: str) -> None:
        """Delete an upload. Raises: UnknownImage, ImageInUse."""
        await self._send(calls.delete_image(image))

    # -- threads -------------------------------------------------------------------------------------------------

    async def open_thread(
        self,
        image: ImageView | str,
        *,
        caption: str | None = None,
        attributes: Collection[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> ThreadView:
        """Start a conversation about an upload.

        Args:
            caption, attributes: what the photo shows; found out where absent.
            metadata: kept beside the thread.
            key: of the caller's own, so that it can be repeated by another process.
        Raises:
            UnknownImage, BadImage
        """
        name = image if isinstance(image, str) else image.id
        return await self._send(calls.open_thread(name, caption, attributes, metadata, key))

    async def thread(self, thread: str) -> ThreadView:
        """A conversation. Raises: UnknownThread."""
        return await self._send(calls.thread(thread))

    async def threads(self, limit: int = 20, cursor: str | None = None) -> ThreadPage:
        """Your conversations, the newest first; `next` is the cursor of the next page."""
        return await self._send(calls.threads(limit, cursor))

    async def delete_thread(self, thread: str) -> None:
        """Delete everything of a conversation: words, pictures, latents, the photo. Raises: UnknownThread."""
        await self._send(calls.delete_thread(thread))

    async def state(self, thread: str) -> StateView:
        """Where a conversation stands. Raises: UnknownThread."""
        return await self._send(calls.state(thread))

    async def turns(self, thread: str, limit: int = 20, cursor: str | None = None) -> TurnPage:
        """Turns of all branches, the photo first; `next` is the cursor of the next page. Raises: UnknownThread."""
        return await self._send(calls.turns(thread, limit, cursor))

    async def strip(self, thread: str) -> bytes:
        """What led to the version shown as one picture (PNG). Raises: UnknownThread."""
        return await self._send(calls.strip(thread))

    async def dialogue(self, thread: str) -> dict[str, Any]:
        """What led to the version shown as a record of a dialogue file. Raises: UnknownThread."""
        return await self._send(calls.dialogue(thread))

    # -- turns ---------------------------------------------------------------------------------------------------

    async def say(self, thread: str, utterance: str, *, key: str | None = None) -> OutcomeView:
        """One turn; `outcome.error` tells where it came to nothing for a reason of the request.

        Args:
            key: of the caller's own, so that it can be repeated by another process, and is done once.
        Raises:
            UnknownThread, ThreadBusy, Throttled, Unavailable, KeyReused
        """
        return await self._send(calls.say(thread, utterance, key))

    def stream(self, thread: str, utterance: str, *, key: str | None = None) -> AsyncIterator[Event]:
        """One turn as it happens; the last event is `Finished`. Not listening cancels it. Raises: as `say`."""
        return self._stream(calls.say(thread, utterance, key))

    async def set_state(self, thread: str, belief_state: calls.State, *, key: str | None = None) -> OutcomeView:
        """A turn without words: the belief state becomes this one. Raises: InvalidBeliefState, and as `say`."""
        return await self._send(calls.set_state(thread, belief_state, key))

    def stream_state(self, thread: str, belief_state: calls.State, *, key: str | None = None) -> AsyncIterator[Event]:
        """`set_state` as it happens."""
        return self._stream(calls.set_state(thread, belief_state, key))

    async def try_ideas(self, thread: str, utterances: Collection[str]) -> list[OutcomeView]:
        """Each idea as a branch; keep one by `branch(thread, outcome.turn.version)`. Raises: as `say`."""
        return await self._send(calls.try_ideas(thread, utterances))

    async def undo(self, thread: str, steps: int = 1, *, key: str | None = None) -> OutcomeView:
        """Back by versions. Raises: NothingToUndo, UnknownThread, ThreadBusy."""
        return await self._send(calls.undo(thread, steps, key))

    async def redo(self, thread: str, steps: int = 1, *, key: str | None = None) -> OutcomeView:
        """Take undos back. Raises: NothingToRedo, UnknownThread, ThreadBusy."""
        return await self._send(calls.redo(thread, steps, key))

    async def branch(self, thread: str, version: int, *, key: str | None = None) -> OutcomeView:
        """Go to a version; what is said next branches off there. Raises: UnknownVersion, UnknownThread, ThreadBusy."""
        return await self._send(calls.branch(thread, version, key))

    async def compare(self, thread: str, one: int, other: int) -> OutcomeView:
        """Two versions side by side. Raises: UnknownVersion, UnknownThread, ThreadBusy."""
        return await self._send(calls.compare(thread, one, other))

    async def cancel(self, thread: str) -> bool:
        """Cancel what runs on a thread; False where nothing does. Raises: UnknownThread."""
        return (await self._send(calls.cancel(thread))).is_cancelled

    # -- the service ---------------------------------------------------------------------------------------------

    async def portraits(self) -> list[PortraitView]:
        """Portraits that ship with the service."""
        return await self._send(calls.portraits())

    async def portrait(self, name: str) -> bytes:
        """The file of one of them. Raises: UnknownImage."""
        return await self._send(calls.portrait(name))

    async def ontology(self) -> OntologyView:
        """Slots and values that can be asked for."""
        return await self._send(calls.ontology())

    async def ready(self) -> Health:
        """Whether all parts of the service work."""
        return await self._send(calls.ready())

    async def version(self) -> Version:
        """Which service this is."""
        return await self._send(calls.version())

    # -- inside --------------------------------------------------------------------------------------------------

    async def _send(self, call: Call[Answer]) -> Answer:
        attempts = Attempts(self._retry, call)
        while True:
            try:
                return call.read(await self._once(call))
            except ClientError as error:
                await asyncio.sleep(attempts.pause_s(error))

    async def _once(self, call: Call[Any]) -> bytes:
        try:
            response = await self._http.request(**call.request())
        except httpx.TransportError as error:
            raise ConnectionLost(repr(error)) from error
        if response.is_error:
            raise error_of(response.status_code, response.headers, response.content)
        return response.content

    async def _stream(self, call: Call[OutcomeView]) -> AsyncIterator[Event]:
        attempts, has_begun = Attempts(self._retry, call), False
        while True:
            try:
                async for event in self._events(call):
                    has_begun = True
                    yield event
                return
            except ClientError as error:
                if has_begun:  # what was told cannot be taken back: repeat it with its key
                    raise
                await asyncio.sleep(attempts.pause_s(error))

    async def _events(self, call: Call[OutcomeView]) -> AsyncIterator[Event]:
        reader = EventReader()
        try:
            async with self._http.stream(**call.request(EVENTS)) as response:
                if response.is_error:
                    raise error_of(response.status_code, response.headers, await response.aread())
                async for line in response.aiter_lines():
                    if (event := reader.read(line)) is not None:
                        yield event
                        if isinstance(event, Finished):
                            return
        except httpx.TransportError as error:
            raise ConnectionLost(repr(error)) from error
        raise ConnectionLost("the stream ended before the answer")
