"""A small ArcFace-style network: the same person in other clothes, hair colour, mood and makeup is one person."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..identity import Crop, identity_crop
from ..ir_se50 import IrSe50, Stage
from .attribute_net import to_tensor
from .data import IMAGE_SIZE, Renders
from .fitting import Losses
from .net_trainer import NetTrainer

FACE_SIZE, EMBEDDING_DIM = 48, 128
FACE_CROP = Crop(24, 120, 16, 112, canvas=128, output=FACE_SIZE)
STAGES = (Stage(16, 1), Stage(32, 1), Stage(64, 1), Stage(96, 1))
PEAK_LR, SCALE, MARGIN = 3e-3, 16.0, 0.2


def small_identity() -> IrSe50:
    """The architecture of the pack: one block a stage, 48 px."""
    return IrSe50(FACE_SIZE, EMBEDDING_DIM, STAGES)


class IdentityTrainer(NetTrainer[IrSe50]):
    """Contrastive with an additive margin: of all faces in the batch, find the other picture of this person."""

    def __init__(self, renders: Renders, seed: int = 7, pairs: int = 40) -> None:
        super().__init__("identity", small_identity, seed, PEAK_LR, weight_decay=1e-3)
        self._renders, self._pairs = renders, pairs
        self._crop = identity_crop(IMAGE_SIZE, FACE_CROP)

    def loss_of(self, rng: np.random.Generator, index: int) -> tuple[Tensor, Losses]:
        people = np.sort(rng.choice(len(self._renders) // 2, self._pairs, replace=False))
        both = np.concatenate([2 * people, 2 * people + 1])
        first, second = self.net(self._crop(_faces(self._renders, both, rng))).chunk(2)
        cosine = first @ second.T
        loss = contrastive_with_margin(cosine)
        found = (cosine.argmax(dim=1) == torch.arange(len(cosine))).float().mean()
        return loss, {"loss": loss.item(), "rank1": found.item()}


def contrastive_with_margin(cosine: Tensor) -> Tensor:
    """Cross-entropy in both directions over cosines [P, P] whose diagonal (less a margin) should be largest."""
    logits = SCALE * (cosine - MARGIN * torch.eye(len(cosine)))
    people = torch.arange(len(cosine))
    return 0.5 * (F.cross_entropy(logits, people) + F.cross_entropy(logits.T, people))


@torch.no_grad()
def rank_1(net: IrSe50, renders: Renders) -> float:
    """Share of people, in [0, 1], whose other picture is the nearest of all."""
    crop = identity_crop(IMAGE_SIZE, FACE_CROP)
    embed = [net(crop(to_tensor(renders.images[i : i + 100]))) for i in range(0, len(renders), 100)]
    features = torch.cat(embed)
    cosine = features[0::2] @ features[1::2].T
    return float((cosine.argmax(dim=1) == torch.arange(len(cosine))).float().mean())


def _faces(renders: Renders, indices: np.ndarray, rng: np.random.Generator) -> Tensor:
    images = to_tensor(renders.images[indices])
    if rng.random() < 0.4:  # as soft as a generator's picture
        images = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2.0, mode="bilinear")
    return images + 0.03 * torch.randn_like(images)
