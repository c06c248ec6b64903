"""The deployments of Ray Serve around the models. No maths here: queues, batches, streams, health."""

import asyncio
import contextlib
import dataclasses
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from ray import serve

from ..dialogue.belief_state import BeliefState
from ..dialogue.formats import Context
from ..dialogue.protocols import DialogueModel, Reply, Tracked
from ..tools.editor import Editor, EditProgress, EditRequest, EditResult, Inversion
from ..tools.errors import EditCancelled, EditError
from ..tools.tracing import Carrier, span
from .config import Settings
from .telemetry import install_telemetry

TurnCall = tuple[Context, Collection[str], int | None]
PROGRESS_PERIOD_S = 0.1  # between two progress reports of an edit; the engine steps faster


class Inverter(Protocol):
    """Latents of photos, several at once."""

    def invert_all(self, images: Sequence[bytes]) -> list[Inversion | EditError]:
        """One result an image, in order; an image that cannot be used stands as its error."""
        ...


class EngineStuck(Exception):
    """Args: seconds without a step."""

    def __str__(self) -> str:
        return f"the engine took no step for {self.args[0]:.0f} s although edits run"


@serve.deployment(name="DialogueModel")
class DialogueDeployment:
    """Tracker and responder, in batches.

    Args:
        load: makes the model.
        max_batch_size, batch_wait_timeout_s: see `app_config.Batched`.
    """

    def __init__(self, load: Callable[[], DialogueModel], max_batch_size: int, batch_wait_timeout_s: float) -> None:
        install_telemetry(Settings())
        self._model = load()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="dialogue")
        self._turns.set_max_batch_size(max_batch_size)  # type: ignore[attr-defined]
        self._turns.set_batch_wait_timeout_s(batch_wait_timeout_s)  # type: ignore[attr-defined]

    async def turn(
        self, context: Context, attributes: Collection[str], seed: int | None, trace: Carrier | None = None
    ) -> tuple[Tracked, Reply]:
        """Both tasks of one turn; runs together with what else arrives now."""
        with span("DialogueModel.turn", trace):
            return await self._turns((context, attributes, seed))

    async def respond(
        self,
        contexts: Sequence[Context],
        states: Sequence[BeliefState],
        attributes: Sequence[Collection[str]],
        seed: int | None,
    ) -> list[Reply]:
        """Replies alone, to states that are known."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._model.respond, contexts, states, attributes, seed)

    async def check_health(self) -> None:
        """The model's thread takes work."""
        await asyncio.get_running_loop().run_in_executor(self._pool, time.monotonic)

    @serve.batch
    async def _turns(self, calls: list[TurnCall]) -> list[tuple[Tracked, Reply]]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._all, calls)

    def _all(self, calls: list[TurnCall]) -> list[tuple[Tracked, Reply]]:
        """One pass for each seed (mostly there is one)."""
        results: dict[int, tuple[Tracked, Reply]] = {}
        for seed in {call[2] for call in calls}:
            places = [place for place, call in enumerate(calls) if call[2] == seed]
            turns = self._model.turn([calls[p][0] for p in places], [calls[p][1] for p in places], seed)
            results |= dict(zip(places, turns, strict=True))
        return [results[place] for place in range(len(calls))]


@serve.deployment(name="Inverter")
class InverterDeployment:
    """Photos to latents, in batches; arguments as above."""

    def __init__(self, load: Callable[[], Inverter], max_batch_size: int, batch_wait_timeout_s: float) -> None:
        install_telemetry(Settings())
        self._inverter = load()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="inverter")
        self._inversions.set_max_batch_size(max_batch_size)  # type: ignore[attr-defined]
        self._inversions.set_batch_wait_timeout_s(batch_wait_timeout_s)  # type: ignore[attr-defined]

    async def invert(self, image: bytes, trace: Carrier | None = None) -> Inversion | EditError:
        """The latent of one photo, or why there is none."""
        with span("Inverter.invert", trace):
            return await self._inversions(image)

    @serve.batch
    async def _inversions(self, images: list[bytes]) -> list[Inversion | EditError]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._inverter.invert_all, images)


@serve.deployment(name="Editor")
class EditorDeployment:
    """The engine: edits join and leave its batch at any step, and stream their progress.

    Args:
        load: makes the editor.
        max_ongoing: edits that may be inside at once.
        stuck_after_s: see `app_config.EditorConfig`.
    """

    def __init__(self, load: Callable[[], Editor], max_ongoing: int, stuck_after_s: float) -> None:
        install_telemetry(Settings())
        self._editor, self._stuck_after_s = load(), stuck_after_s
        self._pool = ThreadPoolExecutor(max_ongoing, thread_name_prefix="edit")
        self._num_running, self._moved_at = 0, time.monotonic()

    def version(self) -> str:
        """See `Editor.version`."""
        return self._editor.version

    async def edit(
        self, request: EditRequest, trace: Carrier | None = None
    ) -> AsyncIterator[EditProgress | EditResult | EditError]:
        """Progress now and then, and last the result or why there is none. Whoever stops listening cancels the edit."""
        run = _Run(self._editor, request, self._note_step, trace)
        if self._num_running == 0:
            self._moved_at = time.monotonic()
        self._num_running += 1
        try:
            async for item in run.items(self._pool):
                yield item
        finally:
            self._num_running -= 1
            run.cancel()

    def check_health(self) -> None:
        """Raises: EngineStuck."""
        idle_s = time.monotonic() - self._moved_at
        if self._num_running and idle_s > self._stuck_after_s:
            raise EngineStuck(idle_s)

    def _note_step(self) -> None:
        self._moved_at = time.monotonic()


class _Run:
    """One edit in a thread, its progress in the event loop."""

    def __init__(
        self, editor: Editor, request: EditRequest, note_step: Callable[[], None], trace: Carrier | None
    ) -> None:
        self._trace = trace
        # a name of its own: a caller that died may have left the same edit running
        self._request = dataclasses.replace(request, id=f"{request.id}/{uuid.uuid4()}")
        self._id, self._editor, self._note_step = request.id, editor, note_step
        self._queue: asyncio.Queue[EditProgress | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._is_cancelled, self._is_done, self._told_at = False, False, 0.0

    async def items(self, pool: ThreadPoolExecutor) -> AsyncIterator[EditProgress | EditResult | EditError]:
        future = self._loop.run_in_executor(pool, self._outcome)
        while (progress := await self._queue.get()) is not None:
            yield progress
        self._is_done = True
        yield await future

    def cancel(self) -> None:
        """End it, wherever it is: waiting, starting, or running."""
        if not self._is_done:
            self._is_cancelled = True
            self._editor.cancel(self._request.id)

    def _outcome(self) -> EditResult | EditError:
        try:
            if self._is_cancelled:
                return EditCancelled(0)
            with span("Editor.edit", self._trace):
                return self._editor.edit(self._request, self._report)
        except EditError as error:
            return error
        finally:
            with contextlib.suppress(RuntimeError):  # the loop is gone where the replica stops
                self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    def _report(self, progress: EditProgress) -> None:
        """In the engine's thread, at every step; what it raises fails this edit."""
        self._note_step()
        if self._is_cancelled:
            raise EditCancelled(progress.step)
        now = time.monotonic()
        if progress.preview_png is None and now - self._told_at < PROGRESS_PERIOD_S:
            return
        self._told_at = now
        self._loop.call_soon_threadsafe(self._queue.put_nowait, progress._replace(id=self._id))
