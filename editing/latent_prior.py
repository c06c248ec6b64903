"""Where the w of a generator lie: mean and principal axes of its mapping network's output."""

from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_SIGMA = 1e-3  # share of the largest deviation; keeps whitening finite along axes that w never uses


@dataclass(frozen=True, slots=True)
class LatentPrior:
    """A Gaussian fitted to w.

    Attributes:
        mean: [D].
        axes: [D, D], orthonormal rows, largest variance first.
        sigma: [D], standard deviation along each axis, positive.
    """

    mean: Tensor
    axes: Tensor
    sigma: Tensor

    @classmethod
    def fit(cls, w: Tensor) -> "LatentPrior":
        """Prior of samples w [N, D], N > 1, any device; float32 on the CPU."""
        w = w.detach().cpu().double()
        mean = w.mean(dim=0)
        covariance = (w - mean).T @ (w - mean) / (len(w) - 1)
        variances, vectors = torch.linalg.eigh(covariance)
        sigma = variances.clamp(min=0).sqrt().flip(0)
        sigma = sigma.clamp(min=SMALLEST_SIGMA * float(sigma[0]))
        return cls(mean.float(), vectors.T.flip(0).float(), sigma.float())

    def basis(self) -> Tensor:
        """[D, D]: whitened coordinates @ basis = offset in w."""
        return self.sigma[:, None] * self.axes

    def whiten(self, offset: Tensor) -> Tensor:
        """Whitened coordinates [..., D] of an offset of w [..., D]; the inverse of `@ basis()`."""
        return offset @ self.axes.T / self.sigma

    def coordinates(self, w: Tensor) -> Tensor:
        """Position [..., D] of w [..., D] in standard deviations from the mean."""
        return self.whiten(w - self.mean)

    def to(self, device: torch.device) -> "LatentPrior":
        return LatentPrior(self.mean.to(device), self.axes.to(device), self.sigma.to(device))
