"""The IR-SE50 backbone and ArcFace on it (Deng et al., arXiv:1801.07698), key names of `model_ir_se50.pth`."""

from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn


class Stage(NamedTuple):
    """`num_blocks` residual blocks of `channels`; the first one halves the side."""

    channels: int
    num_blocks: int


IR_50 = (Stage(64, 3), Stage(128, 4), Stage(256, 14), Stage(512, 3))
SE_REDUCTION = 16


class IrSe50(nn.Module):
    """Face [B, 3, input_size, input_size] in [-1, 1] -> embedding [B, embedding_dim] of unit length.

    The defaults are the published network (112 px, 512 numbers); a small pack names its own size and stages.
    """

    def __init__(self, input_size: int = 112, embedding_dim: int = 512, stages: Sequence[Stage] = IR_50) -> None:
        super().__init__()
        if input_size % 2 ** len(stages):
            raise ValueError(f"input_size must be a multiple of {2 ** len(stages)}, not {input_size}")
        self.input_size = input_size
        self.input_layer = stem(stages[0].channels)
        self.body = nn.Sequential(*residual_blocks(stages))
        channels, side = stages[-1].channels, input_size >> len(stages)
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Dropout(),
            nn.Flatten(),
            nn.Linear(channels * side**2, embedding_dim),
            nn.BatchNorm1d(embedding_dim),
        )

    def forward(self, face: Tensor) -> Tensor:
        if face.dim() != 4 or face.shape[1:] != (3, self.input_size, self.input_size):
            raise ValueError(f"face must be [B, 3, {self.input_size}, {self.input_size}], not {list(face.shape)}")
        return F.normalize(self.output_layer(self.body(self.input_layer(face))), dim=1)


def stem(channels: int) -> nn.Sequential:
    """Convolution, batch norm and PReLU at full resolution."""
    return nn.Sequential(nn.Conv2d(3, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.PReLU(channels))


def residual_blocks(stages: Sequence[Stage]) -> list["Bottleneck"]:
    """Every block of `stages` in order; the stem has as many channels as the first stage."""
    blocks, width = [], stages[0].channels
    for stage in stages:
        for i in range(stage.num_blocks):
            blocks.append(Bottleneck(width, stage.channels, stride=2 if i == 0 else 1))
            width = stage.channels
    return blocks


class Bottleneck(nn.Module):
    """Residual block with squeeze and excitation."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        if in_channels == channels:
            self.shortcut_layer: nn.Module = nn.MaxPool2d(1, stride)  # strided subsampling
        else:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
            nn.PReLU(channels),
            nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            SqueezeExcite(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.res_layer(x) + self.shortcut_layer(x)


class SqueezeExcite(nn.Module):
    """Scales each channel by a gate computed from the channel means (Hu et al., arXiv:1709.01507)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // SE_REDUCTION)
        self.fc1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.fc2 = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean(dim=(2, 3), keepdim=True)
        return x * self.fc2(self.fc1(means).relu()).sigmoid()
