"""What the trainings of one network have in common: seeded steps, a rate that rises and falls, AdamW."""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from .fitting import Losses, Stateful

Net = TypeVar("Net", bound=nn.Module)


class NetTrainer(Generic[Net]):
    """A `Trainer` of one network; what is learned is in `loss_of`.

    Args:
        make_net: called once the random numbers of the weights are seeded.
        peak_lr, weight_decay: of AdamW.
        max_norm: where the gradient's norm is clipped; None nowhere.
    """

    def __init__(
        self,
        name: str,
        make_net: Callable[[], Net],
        seed: int,
        peak_lr: float,
        weight_decay: float,
        max_norm: float | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self.name, self.net = name, make_net()
        self._seed, self._peak_lr, self._max_norm = seed, peak_lr, max_norm
        self._optimizer = torch.optim.AdamW(self.net.parameters(), lr=peak_lr, weight_decay=weight_decay)

    def state(self) -> dict[str, Stateful]:
        return {"net": self.net, "optimizer": self._optimizer}

    def step(self, index: int, total: int) -> Losses:
        torch.manual_seed(self._seed * 1_000_003 + index)
        self.net.train()
        loss, report = self.loss_of(np.random.default_rng((self._seed, index)), index)
        self._optimizer.param_groups[0]["lr"] = one_cycle(self._peak_lr, index, total)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self._max_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), self._max_norm)
        self._optimizer.step()
        return report

    def loss_of(self, rng: np.random.Generator, index: int) -> tuple[Tensor, Losses]:
        """What step `index` minimises, and the numbers to log."""
        raise NotImplementedError


def one_cycle(peak: float, index: int, total: int, warm_up: float = 0.05) -> float:
    """Linear warm-up, then a cosine down to 1 % of the peak."""
    share = index / max(1, total)
    if share < warm_up:
        return peak * (index + 1) / max(1.0, warm_up * total)
    return peak * (0.01 + 0.99 * 0.5 * (1.0 + float(np.cos(np.pi * (share - warm_up) / (1.0 - warm_up)))))
