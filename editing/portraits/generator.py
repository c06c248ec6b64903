"""Distilling the renderer into a small StyleGAN2: factors -> z -> w -> image, grown from 32 to 64 to 128 px."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..stylegan2 import Generator
from .attribute_net import AttributeNet, masked_cross_entropy, to_tensor
from .data import IMAGE_SIZE, Renders
from .drawing import EMBEDDING_DIM
from .fitting import Losses, Stateful

STYLE_DIM, NUM_MAPPING_LAYERS = 96, 2
CHANNELS: Mapping[int, int] = MappingProxyType({4: 128, 8: 128, 16: 96, 32: 64, 64: 32, 128: 16})
FEATURES_FROM = 64  # px: below, an attribute network sees nothing
CONSTANT_FEATURE = 8.0  # about the length of an embedding: keeps that length through the normalisation of z


@dataclass(frozen=True, slots=True)
class Stage:
    """Training at one image size.

    Attributes:
        size: image side in pixels.
        steps: number of steps.
        lr: Adam's rate at the start; falls by a cosine to `final_lr`.
        trains_mapping: False keeps every w as it is, so that what was trained on w (the encoder) stays valid.
    """

    size: int
    steps: int
    lr: float
    final_lr: float
    trains_mapping: bool = True


STAGES = (
    Stage(32, 1200, 1.2e-2, 6e-3),
    Stage(64, 3600, 8e-3, 3e-3),
    Stage(128, 251, 6e-3, 6e-3),
    # coarse things are three times cheaper to learn at 32 px; a second, finer round with every w fixed
    Stage(32, 2400, 1e-2, 4e-3, trains_mapping=False),
    Stage(64, 800, 6e-3, 4e-3, trains_mapping=False),
    Stage(128, 1600, 5e-3, 1e-4, trains_mapping=False),
)


class Conditioner(nn.Module):
    """Embedding of a drawing -> z: standardised, with a constant feature, filled up with zeros; nothing is learned."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(EMBEDDING_DIM))
        self.register_buffer("std", torch.ones(EMBEDDING_DIM))

    def measure(self, embeddings: np.ndarray) -> None:
        """Take mean and spread from a sample of embeddings [N, EMBEDDING_DIM]."""
        self.mean.copy_(torch.from_numpy(embeddings.mean(axis=0)))
        self.std.copy_(torch.from_numpy(embeddings.std(axis=0)).clamp_min(1e-4))

    def forward(self, embeddings: Tensor) -> Tensor:
        standard = (embeddings - self.mean) / self.std
        constant = standard.new_full((len(standard), 1), CONSTANT_FEATURE)
        return F.pad(torch.cat([constant, standard], dim=1), (0, STYLE_DIM - EMBEDDING_DIM - 1))


class Distilled(nn.Module):
    """A generator with the way from factors to its w."""

    def __init__(self, generator: Generator, conditioner: Conditioner) -> None:
        super().__init__()
        self.generator, self.conditioner = generator, conditioner

    def w_of(self, embeddings: Tensor) -> Tensor:
        """w [B, STYLE_DIM] of embeddings [B, EMBEDDING_DIM]."""
        return self.generator.mapping(self.conditioner(embeddings))


def small_generator() -> Generator:
    """The architecture of the pack: official layout, few channels, 128 px, no noise."""
    return Generator(IMAGE_SIZE, STYLE_DIM, NUM_MAPPING_LAYERS, mapping_lr_mul=1.0, channels=CHANNELS)


class GeneratorTrainer:
    """Reconstructs each render from its factors; see `distillation_loss`."""

    name = "generator"

    def __init__(
        self,
        renders: Renders,
        features: AttributeNet,
        seed: int = 3,
        batch: int = 8,
        stages: tuple[Stage, ...] = STAGES,
    ) -> None:
        torch.manual_seed(seed)
        self._renders, self._features, self._seed, self._batch, self._stages = renders, features, seed, batch, stages
        self.net = Distilled(small_generator(), Conditioner())
        self.net.conditioner.measure(renders.embeddings[: min(8000, len(renders))])
        for name, parameter in self.net.named_parameters():
            if name.endswith("noise.weight"):
                parameter.requires_grad_(False)
            if "to_rgbs" in name and name.endswith("conv.weight"):
                parameter.data.mul_(0.1)  # a new size starts as the old one, upsampled
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self._optimizer = torch.optim.Adam([p for p in self.net.parameters() if p.requires_grad], betas=(0.9, 0.99))
        self._weights = {size: importance(size) for size in {stage.size for stage in stages}}

    def state(self) -> dict[str, Stateful]:
        return {"net": self.net, "average": self.average, "optimizer": self._optimizer}

    def step(self, index: int, total: int) -> Losses:
        stage, share = self._stage_at(index)
        rng = np.random.default_rng((self._seed, index))
        picked = np.sort(rng.integers(0, len(self._renders), self._batch))
        full = to_tensor(self._renders.images[picked])
        target = F.avg_pool2d(full, IMAGE_SIZE // stage.size) if stage.size < IMAGE_SIZE else full
        embeddings = torch.from_numpy(self._renders.embeddings[picked])
        generator = self.net.generator
        if not stage.trains_mapping and share == 0.0:  # w is what the averaged mapping says from here on
            generator.style.load_state_dict(self.average.generator.style.state_dict())
        with torch.set_grad_enabled(stage.trains_mapping):
            w = self.net.w_of(embeddings)
        image = synthesis_at(generator, generator.broadcast(w), stage.size)
        loss = distillation_loss(image, target, self._weights[stage.size])
        losses = {"size": float(stage.size), "pixel": loss.item(), "psnr": psnr(image.detach(), target)}
        if stage.size >= FEATURES_FROM:
            full_image, full_target = (F.interpolate(x, IMAGE_SIZE, mode="bilinear") for x in (image, target))
            extra = feature_loss(self._features, full_image, full_target, self._renders.labels[picked])
            losses["feature"] = extra.item()
            loss = loss + extra
        rate = stage.final_lr + (stage.lr - stage.final_lr) * 0.5 * (1.0 + float(np.cos(np.pi * share)))
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        update_average(self.average, self.net, min(0.998, (1 + index) / (20 + index)))
        return losses

    def _stage_at(self, index: int) -> tuple[Stage, float]:
        """The stage of a step and how far, in [0, 1], it has come."""
        for stage in self._stages:
            if index < stage.steps:
                return stage, index / stage.steps
            index -= stage.steps
        return self._stages[-1], 1.0


def synthesis_at(generator: Generator, w_plus: Tensor, size: int) -> Tensor:
    """The generator's image before the layers above `size`, [B, 3, size, size]."""
    x = generator.conv1(generator.input(len(w_plus)), w_plus[:, 0], generator.noises.noise_0)
    image = generator.to_rgb1(x, w_plus[:, 1], None)
    for i, to_rgb in enumerate(generator.to_rgbs):
        if image.shape[-1] == size:
            break
        for j in (1, 2):
            noise = getattr(generator.noises, f"noise_{2 * i + j}")
            x = generator.convs[2 * i + j - 1](x, w_plus[:, 2 * i + j], noise)
        image = to_rgb(x, w_plus[:, 2 * i + 3], image)
    return image


def distillation_loss(image: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted L1, L2, gradient L1 and pooled L1 between pictures in [-1, 1]."""
    difference = image - target
    absolute = difference.abs()
    across = (difference[..., 1:] - difference[..., :-1]).abs() * weight[..., 1:]
    down = (difference[..., 1:, :] - difference[..., :-1, :]).abs() * weight[..., 1:, :]
    pooled = F.avg_pool2d(difference, 4).abs()
    return (
        (weight * absolute).mean()
        + 0.5 * (weight * difference.square()).mean()
        + across.mean()
        + down.mean()
        + pooled.mean()
    )


def feature_loss(net: AttributeNet, image: Tensor, target: Tensor, labels: np.ndarray) -> Tensor:
    """Distance in the maps of an attribute network, and whether it still sees the values."""
    with torch.no_grad():
        wanted = net.features(target)
    seen = net.features(image)
    distance = torch.stack(
        [(a - b).abs().mean() / b.abs().mean().clamp_min(1e-3) for a, b in zip(seen[:3], wanted[:3], strict=True)]
    ).sum()
    return 0.1 * distance + 0.1 * masked_cross_entropy(net.head(seen[-1]), labels)


def importance(size: int) -> Tensor:
    """Weight [1, 1, size, size] of each pixel: eyes, brows and cheeks 3, mouth and chin 5, rest of the face 1.5."""
    y, x = torch.meshgrid(*(2 * [(torch.arange(size) + 0.5) / size]), indexing="ij")
    weight = torch.ones(size, size)
    for left, right, top, bottom, value in (
        (0.22, 0.78, 0.12, 0.92, 1.5),
        (0.26, 0.74, 0.38, 0.72, 3.0),
        (0.34, 0.66, 0.67, 0.86, 5.0),
        (0.36, 0.64, 0.86, 0.95, 3.0),
    ):
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        weight[inside] = value
    return weight[None, None]


def psnr(image: Tensor, target: Tensor) -> float:
    """Peak signal to noise ratio in dB of pictures in [-1, 1]."""
    return float(-10.0 * torch.log10((image.clamp(-1, 1) - target).square().mean() / 4.0))


@torch.no_grad()
def update_average(average: nn.Module, net: nn.Module, decay: float) -> None:
    """Move the average of the weights towards the weights, in place."""
    for mean, new in zip(average.parameters(), net.parameters(), strict=True):
        mean.lerp_(new, 1.0 - decay)
    for mean, new in zip(average.buffers(), net.buffers(), strict=True):
        mean.copy_(new)
