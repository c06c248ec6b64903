"""Is this picture an illustrated portrait? What the encoder and the generator cannot give back is something else."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import EditFailed

POOLED_SIZE = 32
QUANTILE, HEADROOM = 0.999, 1.25  # the limit lies above what nearly all true portraits reach


class OutsideDomain(EditFailed):
    """The picture is no illustrated portrait.  Args: its distance, the largest distance that is accepted."""

    def __str__(self) -> str:
        distance, limit = self.args
        return (
            f"this picture is not an illustrated portrait (distance {distance:.2f}, at most {limit:.2f}): "
            "take one from `chatedit portraits sample`, or import a pack for photographs with `chatedit models import`"
        )


@dataclass(frozen=True, slots=True)
class DomainGate:
    """Accepts what the pack can reconstruct.

    Attributes:
        limit: largest accepted distance, in units of pixel values in [-1, 1].
    """

    limit: float

    def check(self, image: Tensor, reconstruction: Tensor) -> None:
        """Refuse a picture [1, 3, S, S] whose reconstruction differs too much.

        Raises:
            OutsideDomain
        """
        distance = float(reconstruction_distance(image, reconstruction)[0])
        if distance > self.limit:
            raise OutsideDomain(round(distance, 3), round(self.limit, 3))


def reconstruction_distance(image: Tensor, reconstruction: Tensor) -> Tensor:
    """[B]: root mean square difference of pictures [B, 3, S, S] in [-1, 1], pooled to 32 px: edges do not count."""
    window = image.shape[-1] // POOLED_SIZE
    difference = F.avg_pool2d(image - reconstruction.clamp(-1.0, 1.0), window)
    return difference.square().flatten(1).mean(dim=1).sqrt()


@torch.no_grad()
def calibrate(images: Tensor, reconstruct: Callable[[Tensor], Tensor]) -> DomainGate:
    """Gate for true portraits [N, 3, S, S]: `HEADROOM` above their `QUANTILE`."""
    distances = torch.cat([reconstruction_distance(part, reconstruct(part)) for part in images.split(32)])
    return DomainGate(float(np.quantile(distances.numpy(), QUANTILE)) * HEADROOM)
