"""How far an illustrated portrait may lie from its reconstruction: what exceeds these limits is something else."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..identity import identity_crop
from ..latent_prior import LatentPrior
from ..pack_format import DomainCheck
from .data import IMAGE_SIZE
from .identity import FACE_CROP
from .parts import Parts

POOLED_SIZE = 32
QUANTILE, HEADROOM = 0.995, 1.3  # the limit lies above what nearly all true portraits reach


def pixel_error(images: Tensor, reconstructions: Tensor) -> Tensor:
    """[B]: root mean square difference of pictures [B, 3, S, S] in [-1, 1], pooled to 32 px: edges do not count."""
    window = images.shape[-1] // POOLED_SIZE
    difference = F.avg_pool2d(images - reconstructions.clamp(-1.0, 1.0), window)
    return difference.square().flatten(1).mean(dim=1).sqrt()


@torch.no_grad()
def domain_measures(parts: Parts, prior: LatentPrior, images: Tensor) -> dict[str, np.ndarray]:
    """Pixel error, latent distance and identity [N] of pictures [N, 3, 128, 128] and their reconstructions."""
    crop = identity_crop(IMAGE_SIZE, FACE_CROP)
    rows: dict[str, list[Tensor]] = {"pixel_error": [], "latent_distance": [], "identity": []}
    for part in images.split(32):
        w_plus = parts.invert(part)
        back = parts.distilled.generator(w_plus)
        rows["pixel_error"].append(pixel_error(part, back))
        rows["latent_distance"].append(prior.coordinates(w_plus).square().flatten(1).mean(dim=1).sqrt())
        rows["identity"].append((parts.identity(crop(part)) * parts.identity(crop(back))).sum(dim=1))
    return {name: torch.cat(values).numpy() for name, values in rows.items()}


def calibrate_domain(parts: Parts, prior: LatentPrior, images: Tensor) -> DomainCheck:
    """Limits that nearly all of these true portraits [N, 3, 128, 128] keep with room to spare."""
    measures = domain_measures(parts, prior, images)
    identity_gap = float(np.quantile(1.0 - measures["identity"], QUANTILE))
    return DomainCheck(
        max_pixel_error=round(float(np.quantile(measures["pixel_error"], QUANTILE)) * HEADROOM, 4),
        max_latent_distance=round(float(np.quantile(measures["latent_distance"], QUANTILE)) * HEADROOM, 3),
        min_identity=round(1.0 - min(1.9, HEADROOM * identity_gap), 3),
    )
