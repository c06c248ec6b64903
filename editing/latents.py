"""What a pack knows about its latents: the average, where w lies, and which way each value lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .latent_prior import LatentPrior
from .pack_errors import KeyMissing, KeyUnexpected, ShapeMismatch

PRIOR_KEYS = ("w_mean", "w_axes", "w_sigma")
AFFINE_KEYS = ("affine_weights", "affine_biases")
KNOWN_KEYS = {"latent_avg", "directions", "outside", *PRIOR_KEYS, *AFFINE_KEYS}


@dataclass(frozen=True, slots=True)
class Latents:
    """Contents of a pack's `latents` file (see `pack_format`).

    Attributes:
        latent_avg: [num_ws, D].
        prior: where w lies, or None.
        values: what each row of `directions`, `affine_weights` and `affine_biases` adds.
        directions: [V, D] or None.
        affine_weights, affine_biases: [V, D, D] and [V, D], or None.
        outside: [S, S] or None.
    """

    latent_avg: Tensor
    prior: LatentPrior | None = None
    values: tuple[str, ...] = ()
    directions: Tensor | None = None
    affine_weights: Tensor | None = None
    affine_biases: Tensor | None = None
    outside: Tensor | None = None

    def start_offset(self, w_source: Tensor, values: Sequence[str], strength: float) -> Tensor | None:
        """Offset [num_ws, D] from `w_source` [num_ws, D] that adds the values, or None where nothing is known of them.

        Values are added one after the other, each from where the last one led.
        """
        known = [value for value in values if value in self.values]
        if not known or (self.directions is None and self.affine_weights is None):
            return None
        w = w_source.to(self.latent_avg)
        for value in known:
            w = w + strength * self._step(w, self.values.index(value))
        return w - w_source.to(w)

    def _step(self, w: Tensor, row: int) -> Tensor:
        if self.affine_weights is not None and self.affine_biases is not None and self.prior is not None:
            return (w - self.prior.mean) @ self.affine_weights[row].T + self.affine_biases[row]
        assert self.directions is not None  # start_offset checked
        return self.directions[row]


def latents_from_tensors(
    tensors: Mapping[str, Tensor], path: Path, values: tuple[str, ...], num_ws: int, style_dim: int, image_size: int
) -> Latents:
    """Read and check a `latents` file.

    Raises:
        KeyMissing, KeyUnexpected, ShapeMismatch
    """
    count = len(values)
    expected = {
        "latent_avg": (num_ws, style_dim),
        "w_mean": (style_dim,),
        "w_axes": (style_dim, style_dim),
        "w_sigma": (style_dim,),
        "directions": (count, style_dim),
        "affine_weights": (count, style_dim, style_dim),
        "affine_biases": (count, style_dim),
        "outside": (image_size, image_size),
    }
    if unexpected := [key for key in tensors if key not in KNOWN_KEYS]:
        raise KeyUnexpected(str(path), unexpected[0], len(unexpected))
    required = {"latent_avg"}
    for group in (PRIOR_KEYS, AFFINE_KEYS):
        required |= set(group) if any(key in tensors for key in group) else set()
    if "affine_weights" in required:
        required |= set(PRIOR_KEYS)
    if missing := sorted(required - set(tensors)):
        raise KeyMissing(str(path), missing[0], len(missing))
    for key, tensor in tensors.items():
        if tuple(tensor.shape) != expected[key]:
            raise ShapeMismatch(str(path), key, expected[key], tuple(tensor.shape))
    floats = {key: tensor.to(torch.float32) for key, tensor in tensors.items()}
    prior = LatentPrior(*(floats[key] for key in PRIOR_KEYS)) if "w_mean" in floats else None
    optional = {key: floats.get(key) for key in ("directions", "outside", *AFFINE_KEYS)}
    return Latents(floats["latent_avg"], prior, values, **optional)


def tensors_of_prior(prior: LatentPrior) -> dict[str, Tensor]:
    """The keys of a `latents` file that hold a prior."""
    return dict(zip(PRIOR_KEYS, (prior.mean, prior.axes, prior.sigma), strict=True))
