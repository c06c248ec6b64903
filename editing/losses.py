"""The terms of the objective (paper, eq. 4-6, and those for small models), one number per edit.

Every function returns [B], never a mean over the batch: an edit must not depend on which others share its batch.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def clip_loss(similarities: Tensor, weights: Tensor) -> Tensor:
    """Eq. 4: sum over prompts of weight times cosine distance; both [B, T], weights of an edit summing to 1."""
    return (weights * (1.0 - similarities)).sum(dim=1)


def l2_loss(offset: Tensor) -> Tensor:
    """Eq. 5 as the released code of StyleCLIP has it: the sum of squares of the offset [B, num_ws, D], no root."""
    return offset.square().flatten(1).sum(dim=1)


def identity_loss(features: Tensor, source_features: Tensor) -> Tensor:
    """Eq. 6: 1 - cosine of unit vectors [B, E]."""
    return 1.0 - (features * source_features).sum(dim=1)


def presence_loss(similarities: Tensor, weights: Tensor, scale: float, bias: float) -> Tensor:
    """Weighted sum of -log sigmoid(scale * similarity + bias), the pairwise loss of SigLIP (arXiv:2303.15343)."""
    return (weights * F.softplus(-(scale * similarities + bias))).sum(dim=1)


def prior_loss(coordinates: Tensor, limits: Tensor) -> Tensor:
    """Sum of squares by which whitened coordinates [B, num_ws, D] leave [-limits, limits] (same shape)."""
    return (coordinates.abs() - limits).relu().square().flatten(1).sum(dim=1)


def keep_loss(similarities: Tensor, source_similarities: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of the squared change of each similarity; all [B, T]."""
    return (weights * (similarities - source_similarities).square()).sum(dim=1)


def background_loss(image: Tensor, source_image: Tensor, outside: Tensor) -> Tensor:
    """Mean squared change of the pixels of `outside` [B, 1, H, W] in [0, 1]; images [B, 3, H, W]."""
    changes = (image - source_image).square().mean(dim=1, keepdim=True) * outside
    return changes.flatten(1).sum(dim=1) / outside.flatten(1).sum(dim=1).clamp(min=1.0)


def similarities_to(features: Tensor, texts: Tensor) -> Tensor:
    """Cosines [B, T] of image features [B, C], of any length, with unit text features [B, T, C]."""
    return torch.einsum("btc,bc->bt", texts, F.normalize(features, dim=1))
