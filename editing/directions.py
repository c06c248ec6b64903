"""Which way each value lies in W+, learned from full edits: where the `fast` preset starts.

For packs whose domain has no renderer (with one, the step that adds a value can be measured; see
`portraits.statistics`).  Fitted once per pack; the result goes into the pack's `latents` file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .edit_job import EditJob, EditResult
from .engine import Engine
from .errors import EditError
from .latent_prior import LatentPrior

RIDGE = 10.0  # pseudo-samples that say "the step does not depend on w", per whitened coordinate


@dataclass(frozen=True, slots=True)
class LearnedDirections:
    """Steps in w, the same map for every layer.

    Attributes:
        values: what each row adds.
        directions: [V, D], the mean step.
        affine_weights, affine_biases: [V, D, D] and [V, D]; w + (w - prior.mean) @ weights[v].T + biases[v] has
            value v.
    """

    values: tuple[str, ...]
    directions: Tensor
    affine_weights: Tensor
    affine_biases: Tensor

    def tensors(self) -> dict[str, Tensor]:
        """Under the keys of a pack's `latents` file."""
        names = ("directions", "affine_weights", "affine_biases")
        return {name: getattr(self, name).contiguous() for name in names}


def fit_directions(
    engine: Engine,
    make_job: Callable[[Tensor, str], EditJob],
    values: Sequence[str],
    w_sources: Tensor,
    prior: LatentPrior,
) -> LearnedDirections:
    """Edit every source towards every value and fit the steps.

    Args:
        make_job: the full edit of a latent [num_ws, D] towards a value.
        w_sources: latents [N, num_ws, D]; some tens do.
    Raises:
        EditError: all edits of a value failed; the first one's error.
        EngineBusy: the engine's queue is shorter than N.
    """
    fits = []
    for value in values:
        outcomes = engine.run([make_job(w_source, value) for w_source in w_sources])
        pairs = zip(w_sources, outcomes, strict=True)
        done = [(w_source, outcome.w_plus) for w_source, outcome in pairs if isinstance(outcome, EditResult)]
        if not done:
            raise next(outcome for outcome in outcomes if isinstance(outcome, EditError))
        before, after = (torch.stack(part).cpu() for part in zip(*done, strict=True))
        fits.append(fit_step(before, after - before, prior))
    directions, weights, biases = (torch.stack(part) for part in zip(*fits, strict=True))
    return LearnedDirections(tuple(values), directions, weights, biases)


def fit_step(w: Tensor, step: Tensor, prior: LatentPrior) -> tuple[Tensor, Tensor, Tensor]:
    """Mean step [D], and weights [D, D] and bias [D] of its ridge regression on w - prior.mean.

    Args:
        w, step: [N, num_ws, D].
    """
    steps = step.flatten(0, 1).double()
    coordinates = prior.coordinates(w.flatten(0, 1)).double()
    mean_step, mean_coordinates = steps.mean(dim=0), coordinates.mean(dim=0)
    centred = coordinates - mean_coordinates
    gram = centred.T @ centred + RIDGE * torch.eye(centred.shape[1], dtype=torch.float64)
    slope = torch.linalg.solve(gram, centred.T @ (steps - mean_step))  # [D, D]: coordinates @ slope = step
    weights = slope.T @ (prior.axes / prior.sigma[:, None]).double()
    bias = mean_step - mean_coordinates @ slope
    return mean_step.float(), weights.float(), bias.float()
