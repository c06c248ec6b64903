"""Which pixels of a portrait are background or clothes: what no edit of the face has a reason to touch."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attribute_net import to_tensor
from .data import IMAGE_SIZE
from .factors import sample_varied_portrait
from .fitting import Losses
from .net_trainer import NetTrainer
from .renderer import render

MASK_SIZE, WIDTH, PEAK_LR = 32, 24, 5e-3
SMALLEST_CHANGE = 12  # of 255: what another scene must do to a pixel for the pixel to belong to the scene


class OutsideNet(nn.Module):
    """Image [B, 3, S, S] in [-1, 1] -> [B, 1, S, S] in [0, 1], 1 outside face, neck and hair; S a multiple of 32."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(5, WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=4, dilation=4),
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=8, dilation=8),
            nn.ReLU(),
            nn.Conv2d(WIDTH, 1, 1),
        )

    def logits(self, image: Tensor) -> Tensor:
        """[B, 1, 32, 32], before the sigmoid."""
        small = F.avg_pool2d(image, image.shape[-1] // MASK_SIZE)
        axis = torch.linspace(-1.0, 1.0, MASK_SIZE, device=image.device)
        place = torch.stack(torch.meshgrid(axis, axis, indexing="ij")).expand(len(image), -1, -1, -1)
        return self.layers(torch.cat([small, place], dim=1))

    def forward(self, image: Tensor) -> Tensor:
        mask = torch.sigmoid(self.logits(image))
        return F.interpolate(mask, image.shape[-2:], mode="bilinear", align_corners=False)


class OutsideTrainer(NetTrainer[OutsideNet]):
    """Learns the mask from pairs of renders that differ in the scene alone."""

    def __init__(self, seed: int = 19, batch: int = 8) -> None:
        super().__init__("outside", OutsideNet, seed, PEAK_LR, weight_decay=0.0)
        self._batch = batch

    def loss_of(self, rng: np.random.Generator, index: int) -> tuple[Tensor, Losses]:
        images, masks = scene_masks(rng, self._batch)
        target = F.avg_pool2d(masks, IMAGE_SIZE // MASK_SIZE)
        loss = F.binary_cross_entropy_with_logits(self.net.logits(images), target)
        return loss, {"loss": loss.item()}


def scene_masks(rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
    """Renders [count, 3, 128, 128] in [-1, 1] and their true masks [count, 1, 128, 128], 1 outside."""
    images, masks = [], []
    for _ in range(count):
        portrait = sample_varied_portrait(rng)
        scene = portrait.scene
        other = replace(
            scene, clothes_hue=(scene.clothes_hue + 0.5) % 1, background_hue=(scene.background_hue + 0.5) % 1
        )
        picture = render(portrait, IMAGE_SIZE)
        changed = render(replace(portrait, scene=other), IMAGE_SIZE)
        difference = np.abs(picture.astype(np.int16) - changed.astype(np.int16)).max(axis=-1)
        images.append(picture)
        masks.append(difference > SMALLEST_CHANGE)
    return to_tensor(np.stack(images)), torch.from_numpy(np.stack(masks)[:, None].astype(np.float32))
