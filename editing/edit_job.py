"""What goes into the engine and what comes out."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Event
from typing import NamedTuple

from torch import Tensor

from .presets import Preset
from .text_targets import TextTargets


class Progress(NamedTuple):
    """State of a running edit.

    Attributes:
        step: steps done.
        num_steps: steps of the preset; an edit that converges earlier jumps ahead.
        total: the objective before this step.
        preview: float32 [3, S, S] in [-1, 1] on the CPU, or None.
    """

    step: int
    num_steps: int
    total: float
    preview: Tensor | None


@dataclass(frozen=True, slots=True)
class EditJob:
    """One edit.

    Attributes:
        w_source: latent of the original photo, float32 [num_ws, D]; not modified.
        targets: what to pull towards and what to keep.
        preset: how to optimise.
        start_offset: offset [num_ws, D] from `w_source` at which to start (learned directions); None for the source.
        seed: of the preset's `start_noise`, from 0 to MAX_SEED.
        timeout_s: time allowed from `submit` on, waiting included; None for no limit.
        on_progress: called in the engine's thread every `progress_every` steps; what it raises fails this edit.
        progress_every: steps between two calls.
        preview_every: steps between two previews, a multiple of `progress_every`; 0 for none.
    """

    w_source: Tensor
    targets: TextTargets
    preset: Preset
    start_offset: Tensor | None = None
    seed: int = 0
    timeout_s: float | None = None
    on_progress: Callable[[Progress], None] | None = None
    progress_every: int = 1
    preview_every: int = 0


@dataclass(frozen=True, slots=True)
class EditResult:
    """Outcome of an edit; tensors on the CPU.

    Attributes:
        w_plus: final latent, float32 [num_ws, D].
        image: rendered from `w_plus`, float32 [3, S, S] clamped to [-1, 1].
        steps: optimiser steps taken.
        losses: float64 [steps, len(TERMS) + 1]: each term before each step, unweighted, then the weighted total.
    """

    w_plus: Tensor
    image: Tensor
    steps: int
    losses: Tensor


@dataclass(frozen=True, slots=True)
class EditHandle:
    """A submitted edit, for any thread."""

    _future: "Future[EditResult]"
    _cancelled: Event

    def result(self, timeout_s: float | None = None) -> EditResult:
        """Wait for the outcome.

        Raises:
            OptimiserDiverged, EditCancelled, EditTimedOut, EngineClosed: what became of the edit.
            TimeoutError: no outcome within `timeout_s`; the edit goes on.
        """
        return self._future.result(timeout_s)

    def cancel(self) -> None:
        """Ask for the end; the edit leaves at its next step. Harmless when it is done."""
        self._cancelled.set()

    @property
    def is_done(self) -> bool:
        """Whether there is an outcome."""
        return self._future.done()

    def add_done_callback(self, callback: Callable[[], None]) -> None:
        """Call `callback()` in the engine's thread once there is an outcome (at once where there is)."""
        self._future.add_done_callback(lambda _: callback())
