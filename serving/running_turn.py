"""A turn in a thread of its own, followed from the event loop; it is cancelled when its client goes away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from fastapi import Request

from ..tools.errors import EditCancelled
from .border import Border
from .turn_follower import OnEvent

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
Event = tuple[str, dict[str, Any]]
MAX_WAITING = 64  # events for a slow client; progress beyond them is dropped, it is out of date anyway
HEARTBEAT_S = 15.0


class RunningTurn(Generic[Result]):
    """Starts at once.

    Args:
        border: where it runs.
        work: does the turn, or several, and returns the result; told where to report.
        cancel: ends the turn that runs; the next one is refused as it starts.
        is_detached: it goes on when its client goes away.
    """

    def __init__(
        self,
        border: Border,
        work: Callable[[OnEvent], Result],
        cancel: Callable[[], object],
        is_detached: bool = False,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._begun, self._has_events = asyncio.Event(), False
        self._cancel, self._is_detached, self._is_cancelled = cancel, is_detached, False
        context = copy_context()  # ids of logs, and the trace
        self._future = self._loop.run_in_executor(border.pool, lambda: context.run(work, self._report))
        self._future.add_done_callback(self._end)

    async def started(self) -> None:
        """Wait until the turn has begun or is over.

        Raises:
            Exception: what refused the turn before anything happened.
        """
        try:
            await self._begun.wait()
        except asyncio.CancelledError:
            self._leave()
            raise
        if not self._has_events:
            self._future.result()

    async def result(self, request: Request) -> Result:
        """What the turn came to.

        A client that goes away cancels it: the server then cancels this coroutine, or says so on the request's channel.
        """
        gone = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait({self._future, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not self._future.done():
                self._leave()
            return await asyncio.shield(self._future)
        except asyncio.CancelledError:
            self._leave()
            raise
        finally:
            gone.cancel()

    async def events(self) -> AsyncIterator[Event | None]:
        """Events until the turn is over; None now and then, so that a dead connection is noticed."""
        try:
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        event = await self._events.get()
                except TimeoutError:
                    yield None
                    continue
                if event is None:
                    return
                yield event
        finally:
            if not self._future.done():
                self._leave()

    @property
    def is_over(self) -> bool:
        """Whether there is an outcome."""
        return self._future.done()

    async def wait(self) -> None:
        """Wait for the outcome, and leave the turn alone when the caller goes away."""
        await asyncio.wait({self._future})

    def outcome(self) -> Result:
        """What a turn that is over came to, or its error."""
        return self._future.result()

    def cancel(self) -> None:
        """Ask for the end, and do not wait for it."""
        self._is_cancelled = True
        self._future.add_done_callback(_observed)
        self._loop.run_in_executor(None, self._cancel).add_done_callback(_observed)

    def _leave(self) -> None:
        """The client is gone."""
        if self._is_detached:
            self._future.add_done_callback(_observed)
        else:
            self.cancel()

    def _report(self, kind: str, data: dict[str, Any]) -> None:
        """From any thread; what it raises at a start ends the work."""
        if kind == "start" and self._is_cancelled:  # `cancel` came too early for it: between two turns, or before one
            raise EditCancelled(0)
        self._loop.call_soon_threadsafe(self._put, kind, data)

    def _put(self, kind: str, data: dict[str, Any]) -> None:
        self._has_events = True
        self._begun.set()
        if kind != "progress" or self._events.qsize() < MAX_WAITING:
            self._events.put_nowait((kind, data))

    def _end(self, _: object) -> None:
        self._begun.set()
        self._events.put_nowait(None)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _observed(future: "asyncio.Future[Any]") -> None:
    """Somebody has looked at how it ended."""
    if not future.cancelled() and (error := future.exception()) is not None:
        logger.info("a turn without a client ended: %s", error)
