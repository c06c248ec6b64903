"""From a picture to the latent that generates it (e4e, arXiv:2102.02766; paper, section 4.2)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .losses import identity_loss
from .pack import Pack
from .synthesis import FrozenSynthesis

POOLED_SIZE = 64  # pixels; what the refinement compares, so that it fits the face and not the noise


def invert(pack: Pack, images: Tensor) -> Tensor:
    """Latents float32 [B, num_ws, D], on the pack's device, of pictures [B, 3, S, S] in [-1, 1].

    One pass of the encoder; then as many refinement steps as the pack asks for.
    """
    w_plus = encode(pack, images)
    if pack.file.inversion.refinement_steps:
        w_plus = _refined(pack, w_plus, images.to(w_plus))
    return w_plus


@torch.no_grad()
def encode(pack: Pack, images: Tensor) -> Tensor:
    """The encoder's latents alone; shapes as `invert`."""
    size = pack.image_size
    if images.dim() != 4 or images.shape[1:] != (3, size, size):
        raise ValueError(f"images must be [B, 3, {size}, {size}], not {list(images.shape)}")
    images = images.to(pack.device, torch.float32)
    return pack.encoder(pack.to_encoder(images)) + pack.latents.latent_avg.to(pack.device)


@torch.enable_grad()  # also where the caller needs no gradients
def _refined(pack: Pack, w_plus: Tensor, images: Tensor) -> Tensor:
    """Adam on the offset, in standard deviations of w where the pack knows them."""
    settings, prior = pack.file.inversion, pack.latents.prior
    basis = torch.eye(w_plus.shape[-1]) if prior is None else prior.basis()
    basis, target = basis.to(w_plus), _pooled(images)
    offset = torch.zeros_like(w_plus, requires_grad=True)
    optimiser = torch.optim.Adam([offset], lr=settings.learning_rate)
    with torch.no_grad():
        person = pack.identity_features(images)
    synthesis = FrozenSynthesis(pack.generator)
    for _ in range(settings.refinement_steps):
        optimiser.zero_grad(set_to_none=True)
        drawn = synthesis(w_plus + offset @ basis)
        loss = (_pooled(drawn) - target).square().flatten(1).mean(dim=1)
        loss = loss + settings.pull * offset.square().flatten(1).mean(dim=1)
        if settings.identity:
            loss = loss + settings.identity * identity_loss(pack.identity_features(drawn), person)
        loss.sum().backward()  # sum: a picture must not depend on its neighbours
        optimiser.step()
    return (w_plus + offset @ basis).detach()


def _pooled(images: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(images, min(POOLED_SIZE, images.shape[-1]))
