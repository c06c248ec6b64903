"""A queue of edits with continuous batching: an edit joins the running batch, and leaves it, at any step."""

import math
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Event, Lock, Thread

import torch
from torch import Tensor

from .edit_batch import EditBatch, EditModels, StepReport
from .edit_job import EditHandle, EditJob, EditResult, Progress
from .errors import EditCancelled, EditError, EditTimedOut, EngineBusy, EngineClosed, OptimiserDiverged
from .schedule import learning_rate_at, ramp_down_start


class Engine:
    """Runs edits on one set of models.

    `submit` may be called from any thread.  Work is done by a thread of the engine's own after `start()` (or inside
    `with Engine(...)`), and by the caller's thread inside `run`.  An edit that fails, is cancelled or runs out of time
    leaves; the others go on undisturbed.

    Args:
        models: the frozen networks.
        device: where they are.
        max_batch: edits that advance together.
        max_waiting: edits that may wait beyond them.
        compile_step: see `EditBatch`.
    """

    def __init__(
        self,
        models: EditModels,
        device: torch.device | str = "cpu",
        max_batch: int = 8,
        max_waiting: int = 64,
        compile_step: bool = False,
    ) -> None:
        if max_batch < 1 or max_waiting < 1:
            raise ValueError("max_batch and max_waiting must be at least 1")
        self._batch = EditBatch(models, device, compile_step)
        self._max_batch, self._max_waiting = max_batch, max_waiting
        self._running: list[_Edit] = []  # row i of the batch; touched only under _stepping
        self._waiting: deque[_Edit] = deque()  # touched only under _changed
        self._stepping, self._changed = Lock(), Condition()
        self._thread: Thread | None = None
        self._is_closed = False

    def submit(self, job: EditJob) -> EditHandle:
        """Queue an edit and return at once.

        Raises:
            ValueError: the job does not fit the models (see `EditBatch.check`).
            EngineBusy: `max_waiting` edits wait already.
            EngineClosed: `close` was called.
        """
        self._batch.check(job)
        edit = _Edit(job)
        with self._changed:
            if self._is_closed:
                raise EngineClosed
            if len(self._waiting) >= self._max_waiting:
                raise EngineBusy(self._max_waiting)
            self._waiting.append(edit)
            self._changed.notify()
        return EditHandle(edit.future, edit.cancelled)

    def run(self, jobs: Sequence[EditJob]) -> list[EditResult | EditError]:
        """Do all jobs in the calling thread; an edit that failed stands as its error in the list.

        Raises:
            ValueError, EngineBusy, EngineClosed: as `submit`; edits queued before it are done by the next call.
        """
        handles = [self.submit(job) for job in jobs]
        for handle in handles:
            while not handle.is_done:
                self.advance()
        return [_outcome(handle) for handle in handles]

    def advance(self) -> None:
        """Let waiting edits join, take one step, let edits leave."""
        with self._stepping:
            try:
                self._admit()
                if self._running:
                    reports = self._batch.step([edit.learning_rate() for edit in self._running])
                    self._settle(reports)
            except Exception as error:  # out of memory, say: rises from every handle, and the engine goes on
                self._fail_all(error)

    def start(self) -> None:
        """Work in a thread of the engine's own from now on."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name="edit-engine", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; edits that are not done fail with `EngineClosed`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        with self._stepping:
            self._fail_all(EngineClosed())

    def __enter__(self) -> "Engine":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or self._waiting or self._running)
                if self._is_closed:
                    return
            self.advance()

    def _admit(self) -> None:
        """Move waiting edits into the batch; drop those that nobody waits for any more."""
        joining: list[_Edit] = []
        with self._changed:
            for edit in [edit for edit in self._waiting if edit.why_stopped()]:
                self._waiting.remove(edit)
                edit.fail(edit.why_stopped())
            while self._waiting and len(self._running) + len(joining) < self._max_batch:
                joining.append(self._waiting.popleft())
        if joining:
            self._join(joining)

    def _join(self, joining: "list[_Edit]") -> None:
        """Add edits to the batch; where they cannot join together, one by one, so that only those at fault fail."""
        try:
            self._batch.join([edit.job for edit in joining])
        except Exception as error:  # a latent of another generator, say, or no memory for one more
            if len(joining) == 1:
                joining[0].fail(error)
                return
            for edit in joining:
                self._join([edit])
        else:
            self._running += joining

    def _settle(self, report: StepReport) -> None:
        """Book the step for every edit; render and return those that are done."""
        finished, leaving = [], []
        for row, edit in enumerate(self._running):
            if report.is_finite[row]:
                edit.book(report.losses[row])
                error = edit.why_stopped() or edit.notify(report.images[row])
            else:
                error = OptimiserDiverged(edit.steps)
            if error is not None:
                edit.fail(error)
            elif edit.is_finished:
                finished.append(row)
            if error is not None or edit.is_finished:
                leaving.append(row)
        if finished:
            latents = self._batch.latents(finished)
            images = self._batch.render(latents).clamp(-1.0, 1.0).cpu()
            for row, w_plus, image in zip(finished, latents.cpu(), images, strict=True):
                self._running[row].succeed(w_plus, image)
        if leaving:
            self._batch.leave(leaving)
            self._running = [edit for row, edit in enumerate(self._running) if row not in leaving]

    def _fail_all(self, error: Exception) -> None:
        with self._changed:
            waiting = list(self._waiting) if self._is_closed else []
            self._waiting = deque() if self._is_closed else self._waiting
        for edit in self._running + waiting:
            edit.fail(error)
        self._running = []
        self._batch.leave(range(len(self._batch)))


@dataclass(slots=True)
class _Edit:
    """A job with its place in the schedule."""

    job: EditJob
    future: "Future[EditResult]" = field(default_factory=Future)
    cancelled: Event = field(default_factory=Event)
    submitted_s: float = field(default_factory=time.monotonic)
    position: int = 0  # in the schedule; jumps to the ramp-down when the edit converges
    best_total: float = math.inf
    stale_steps: int = 0
    losses: list[Tensor] = field(default_factory=list)

    @property
    def steps(self) -> int:
        return len(self.losses)

    @property
    def is_finished(self) -> bool:
        return self.position >= self.job.preset.steps

    def learning_rate(self) -> float:
        preset = self.job.preset
        return learning_rate_at(self.position, preset.steps, preset.learning_rate, preset.ramp_up, preset.ramp_down)

    def why_stopped(self) -> EditError | None:
        """The error of an edit that somebody cancelled or whose time is up."""
        if self.cancelled.is_set():
            return EditCancelled(self.steps)
        allowed_s = self.job.timeout_s
        if allowed_s is not None and time.monotonic() - self.submitted_s > allowed_s:
            return EditTimedOut(self.steps, allowed_s)
        return None

    def book(self, losses: Tensor) -> None:
        """Count a step; without progress for long enough, go on to the ramp-down."""
        preset, total = self.job.preset, float(losses[-1])
        self.losses.append(losses)
        self.position += 1
        fall = float(self.losses[0][-1]) - self.best_total if self.best_total < math.inf else 0.0
        if self.best_total - total > preset.min_improvement * fall:
            self.best_total, self.stale_steps = total, 0
        else:
            self.stale_steps += 1
        if preset.patience and self.stale_steps >= preset.patience:
            self.position = max(self.position, ramp_down_start(preset.steps, preset.ramp_down))

    def notify(self, image: Tensor) -> Exception | None:
        """Call the progress callback where it is due; what it raised, if it did."""
        job = self.job
        if job.on_progress is None or self.steps % job.progress_every:
            return None
        has_preview = job.preview_every and self.steps % job.preview_every == 0
        preview = image.clamp(-1.0, 1.0).float().cpu() if has_preview else None
        try:
            job.on_progress(Progress(self.steps, job.preset.steps, float(self.losses[-1][-1]), preview))
        except Exception as error:  # the caller's code: it fails the caller's edit, never its neighbours
            return error
        return None

    def succeed(self, w_plus: Tensor, image: Tensor) -> None:
        self.future.set_result(EditResult(w_plus, image, self.steps, torch.stack(self.losses)))

    def fail(self, error: Exception | None) -> None:
        if not self.future.done():  # an error that fails all finds edits that have failed in the same step
            self.future.set_exception(error)


def _outcome(handle: EditHandle) -> EditResult | EditError:
    try:
        return handle.result()
    except EditError as error:
        return error
