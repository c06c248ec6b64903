"""The loop that the encoder's stages share: one loss, clipped AdamW steps until time or steps are over; resumable."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from .checkpoint import Run


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a loop ends and what it does on the way.

    Attributes:
        minutes: wall-clock bound, all runs together.
        max_steps: bound of the steps, all runs together.
        warmup_steps: of the learning rate, which falls to zero over the second half.
        checkpoint_every_s, log_every_steps: how often it saves and logs.
    """

    minutes: float
    max_steps: int
    warmup_steps: int
    checkpoint_every_s: float
    log_every_steps: int

    def share(self, run: Run) -> float:
        """How much of the run is over, from 0 to 1."""
        return max(run.seconds / (60 * max(self.minutes, 1e-9)), run.step / self.max_steps)


def descend(
    run: Run,
    loss_of: Callable[[int], dict[str, Tensor]],
    parameters: Sequence[nn.Parameter],
    bounds: Bounds,
    on_step: Callable[[int, float], None],
) -> None:
    """Step until `bounds` are reached.

    Args:
        run: its optimiser's groups name their `peak` learning rate.
        loss_of: from the step to its `loss`, a scalar, and others to log.
        parameters: whose gradient is clipped, to a norm of 1 all together.
    """
    while (share := bounds.share(run)) < 1:
        started = time.monotonic()
        for group in run.optimiser.param_groups:
            group["lr"] = group["peak"] * min(1.0, (run.step + 1) / bounds.warmup_steps, 2 * (1.01 - share))
        losses = loss_of(run.step)
        run.optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        run.optimiser.step()
        run.advance(time.monotonic() - started)
        on_step(run.step, share)
        if run.step % bounds.log_every_steps == 0:
            run.log(step=run.step, seconds=round(run.seconds), **{name: one.item() for name, one in losses.items()})
        if run.due(bounds.checkpoint_every_s):
            run.save()
