"""Is a picture of the kind that a pack knows?  If its networks cannot redraw it, they cannot edit it."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .image_errors import OutOfDomain
from .inversion import encode
from .pack import Pack

POOLED_SIZE = 32  # pixels: edges do not count


class DomainMeasures(NamedTuple):
    """What `pack_format.DomainCheck` limits, of one picture."""

    pixel_error: float
    latent_distance: float | None
    identity: float


def check_domain(pack: Pack, images: Tensor) -> None:
    """Refuse pictures [B, 3, S, S] in [-1, 1] that are not of the pack's domain.

    Raises:
        OutOfDomain: for the first such picture, with the reason.
    """
    for image in images.split(1):
        if reason := why_foreign(pack, image):
            raise OutOfDomain(pack.file.domain, reason, _advice(pack))


def is_in_domain(pack: Pack, image: Tensor) -> bool:
    """Whether a picture [1, 3, S, S] in [-1, 1] is of the pack's domain."""
    return why_foreign(pack, image) is None


@torch.no_grad()
def why_foreign(pack: Pack, image: Tensor) -> str | None:
    """What tells that a picture [1, 3, S, S] is not of the domain; None where nothing does."""
    limits = pack.file.domain_check
    measures = measure(pack, image)
    if limits.max_pixel_error is not None and measures.pixel_error > limits.max_pixel_error:
        return "the models cannot redraw it"
    far = limits.max_latent_distance
    if far is not None and measures.latent_distance is not None and measures.latent_distance > far:
        return "it lies far from all that they have seen"
    if limits.min_identity is not None and measures.identity < limits.min_identity:
        return "they do not recognise a face in it"
    if limits.foreign and (nearest := _nearest_prompt(pack, image)) in limits.foreign:
        return f"it looks more like {nearest}"
    return None


@torch.no_grad()
def measure(pack: Pack, image: Tensor) -> DomainMeasures:
    """The measures of one picture [1, 3, S, S] and of what the encoder's latent gives back."""
    w_plus = encode(pack, image)
    image, back = image.to(w_plus), pack.generator(w_plus).clamp(-1.0, 1.0)
    side = min(POOLED_SIZE, pack.image_size)
    difference = F.adaptive_avg_pool2d(image - back, side)
    prior = pack.latents.prior
    distance = None if prior is None else float(prior.to(w_plus.device).coordinates(w_plus).square().mean().sqrt())
    identity = (pack.identity_features(image) * pack.identity_features(back)).sum()
    return DomainMeasures(float(difference.square().mean().sqrt()), distance, float(identity))


def _nearest_prompt(pack: Pack, image: Tensor) -> str:
    """The prompt that CLIP finds nearest, of the neutral and the foreign ones."""
    prompts = [*pack.file.templates.neutral, *pack.file.domain_check.foreign]
    texts = F.normalize(pack.clip.text_features(prompts), dim=1)
    seen = F.normalize(pack.clip.image_features(image.to(texts)), dim=1)
    return prompts[int((texts @ seen[0]).argmax())]


def _advice(pack: Pack) -> str:
    if pack.name == "portraits":
        return "try one of its samples (`chatedit portraits sample`), or import models for photographs"
    return f"use one of the {pack.file.domain}, or another pack"
