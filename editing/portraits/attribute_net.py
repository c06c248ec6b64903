"""A small classifier of the 21 values: as `reader` it only measures, as `features` it only trains the generator.

The two are separate networks with separate renders and seeds; the reader never enters a loss.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .data import Renders, has_value, is_clear
from .factors import VALUES
from .fitting import Losses
from .net_trainer import NetTrainer

READER_WIDTHS, FEATURE_WIDTHS = (24, 48, 96, 128), (24, 48, 64, 96)
READER_SEED, FEATURE_SEED = 20_02, 1
PEAK_LR = 3e-3


class AttributeNet(nn.Module):
    """Image [B, 3, 128, 128] in [-1, 1] -> logit [B, 21] that each of `VALUES` is there."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        previous = 3
        for width in widths:
            conv = nn.Conv2d(previous, width, 5 if previous == 3 else 3, stride=2, padding=2 if previous == 3 else 1)
            self.stages.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU()))
            previous = width
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(previous * 64, len(VALUES)))

    def features(self, image: Tensor) -> list[Tensor]:
        """Maps of every stage, sides 64, 32, 16, 8."""
        maps = []
        for stage in self.stages:
            image = stage(image)
            maps.append(image)
        return maps

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.features(image)[-1])


class AttributeTrainer(NetTrainer[AttributeNet]):
    """Masked binary cross-entropy on renders, noised and shifted a little."""

    def __init__(self, name: str, widths: tuple[int, ...], renders: Renders, seed: int, batch: int = 32) -> None:
        super().__init__(name, lambda: AttributeNet(widths), seed, PEAK_LR, weight_decay=1e-3)
        self._renders, self._batch = renders, batch

    def loss_of(self, rng: np.random.Generator, index: int) -> tuple[Tensor, Losses]:
        picked = np.sort(rng.integers(0, len(self._renders), self._batch))
        images = augment(to_tensor(self._renders.images[picked]), rng)
        loss = masked_cross_entropy(self.net(images), self._renders.labels[picked])
        return loss, {"loss": loss.item()}


def load_attribute_net(path: Path, widths: tuple[int, ...]) -> AttributeNet:
    """A trained network from the checkpoint of its trainer, frozen."""
    net = AttributeNet(widths)
    net.load_state_dict(torch.load(path, weights_only=True)["states"]["net"])
    return net.eval().requires_grad_(False)


@torch.no_grad()
def read_values(net: AttributeNet, images: Tensor) -> np.ndarray:
    """bool [B, 21]: which of `VALUES` the network sees in images [B, 3, 128, 128]."""
    return torch.cat([net(part) > 0.0 for part in images.split(64)]).numpy()


def masked_cross_entropy(logits: Tensor, labels: np.ndarray) -> Tensor:
    """Mean over the values that are clearly there or clearly not."""
    target = torch.from_numpy(has_value(labels).astype(np.float32))
    clear = torch.from_numpy(is_clear(labels).astype(np.float32))
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (loss * clear).sum() / clear.sum().clamp_min(1.0)


def to_tensor(images: np.ndarray) -> Tensor:
    """uint8 [B, S, S, 3] -> float32 [B, 3, S, S] in [-1, 1]."""
    return torch.from_numpy(images.astype(np.float32).transpose(0, 3, 1, 2).copy()).div_(127.5).sub_(1.0)


def augment(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Shift by up to 3 px, blur or noise a little: a generator's pictures are not as crisp as the renderer's."""
    dx, dy = rng.integers(-3, 4, size=2)
    padded = F.pad(images, (3, 3, 3, 3), mode="replicate")
    side = images.shape[-1]
    images = padded[..., 3 + dy : 3 + dy + side, 3 + dx : 3 + dx + side]
    choice = rng.random()
    if choice < 0.35:
        images = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2.0, mode="bilinear")
    elif choice < 0.7:
        images = images + float(rng.uniform(0.0, 0.08)) * torch.randn_like(images)
    return images
