"""A small ArcFace-style network: the same person in other clothes, hair colour, mood and makeup is one person."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..identity import Crop, identity_crop
from ..ir_se50 import IrSe50, Stage
from .attribute_net import one_cycle, to_tensor
from .data import IMAGE_SIZE, Renders
from .fitting import Losses, Stateful

FACE_SIZE, EMBEDDING_DIM = 48, 128
FACE_CROP = Crop(24, 120, 16, 112, canvas=128, output=FACE_SIZE)
STAGES = (Stage(16, 1), Stage(32, 1), Stage(64, 1), Stage(96, 1))
PEAK_LR, SCALE, MARGIN = 3e-3, 16.0, 0.2


def small_identity() -> IrSe50:
    """The architecture of the pack: one block a stage, 48 px."""
    return IrSe50(FACE_SIZE, EMBEDDING_DIM, STAGES)


class IdentityTrainer:
    """Contrastive with an additive margin: of all faces in the batch, find the other picture of this person."""

    name = "identity"

    def __init__(self, renders: Renders, seed: int = 7, pairs: int = 40) -> None:
        torch.manual_seed(seed)
        self._renders, self._seed, self._pairs = renders, seed, pairs
        self.net = small_identity()
        self._crop = identity_crop(IMAGE_SIZE, FACE_CROP)
        self._optimizer = torch.optim.AdamW(self.net.parameters(), lr=PEAK_LR, weight_decay=1e-3)

    def state(self) -> dict[str, Stateful]:
        return {"net": self.net, "optimizer": self._optimizer}

    def step(self, index: int, total: int) -> Losses:
        rng = np.random.default_rng((self._seed, index))
        torch.manual_seed(self._seed * 1_000_003 + index)
        people = np.sort(rng.choice(len(self._renders) // 2, self._pairs, replace=False))
        self.net.train()
        both = np.concatenate([2 * people, 2 * people + 1])
        first, second = self.net(self._crop(_faces(self._renders, both, rng))).chunk(2)
        cosine = first @ second.T
        loss = contrastive_with_margin(cosine)
        self._optimizer.param_groups[0]["lr"] = one_cycle(PEAK_LR, index, total)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        found = (cosine.argmax(dim=1) == torch.arange(len(cosine))).float().mean()
        return {"loss": loss.item(), "rank1": found.item()}


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
