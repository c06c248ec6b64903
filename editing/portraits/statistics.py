"""Where the w of portraits lie, and which way each value lies from there: fitted once, shipped with the pack."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .drawing import embed, resolve
from .factors import PRESENT, VALUES, Portrait, sample_varied_portrait, strength_of, with_state
from .generator import Distilled


@dataclass(frozen=True, slots=True)
class LatentStatistics:
    """Statistics of w over sampled portraits.

    Attributes:
        w: [N, D], the w of N sampled portraits (from which the pack fits its `LatentPrior`).
        directions: [21, D], mean step in w that adds each of `VALUES`.
        affine_weights, affine_biases: [21, D, D] and [21, D]; `w + (w - mean) @ weights[v].T + biases[v]` is the w with
            value v, by ridge regression. Where the mean step is too coarse (black to blond is another way than brown
            to blond), this one knows where it starts.
    """

    w: Tensor
    directions: Tensor
    affine_weights: Tensor
    affine_biases: Tensor


@torch.no_grad()
def measure_statistics(
    distilled: Distilled, count: int = 3000, seed: int = 17, ridge: float = 1e-3
) -> LatentStatistics:
    """Sample portraits, change one value in each, and compare their w."""
    rng = np.random.default_rng(seed)
    portraits = [sample_varied_portrait(rng) for _ in range(count)]
    w = _w_of(distilled, portraits)
    mean = w.mean(dim=0)
    directions, weights, biases = [], [], []
    for value in VALUES:
        rows = [i for i, portrait in enumerate(portraits) if strength_of(portrait, value) < PRESENT]
        changed = _w_of(distilled, [with_state(portraits[i], [value], 0.9) for i in rows])
        step = changed - w[rows]
        slope, bias = _ridge(w[rows] - mean, step, ridge)
        directions.append(step.mean(dim=0))
        weights.append(slope)
        biases.append(bias)
    return LatentStatistics(w, torch.stack(directions), torch.stack(weights), torch.stack(biases))


def _w_of(distilled: Distilled, portraits: list[Portrait]) -> Tensor:
    embeddings = np.stack([embed(resolve(portrait)) for portrait in portraits])
    return distilled.w_of(torch.from_numpy(embeddings))


def _ridge(inputs: Tensor, outputs: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Slope [D, D] and bias [D] with `inputs @ slope.T + bias` close to `outputs`; `ridge` relative to the spread."""
    center, target = inputs.mean(dim=0), outputs.mean(dim=0)
    x = (inputs - center).double()
    gram = x.T @ x
    gram += ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)
    slope = torch.linalg.solve(gram, x.T @ (outputs - target).double()).T.float()
    return slope, target - slope @ center
