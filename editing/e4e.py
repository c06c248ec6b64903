"""The e4e encoder (Tov et al., arXiv:2102.02766): image -> offsets in W+, key names of `e4e_ffhq_encode.pt`."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .ir_se50 import IR_50, Stage, residual_blocks, stem
from .stylegan2 import EqualLinear

MIDDLE_START, FINE_START = 3, 7  # the first style read from the middle, and from the finest feature map


class Encoder(nn.Module):
    """Image [B, 3, input_size, input_size] in [-1, 1] -> offsets [B, num_ws, style_dim] from the average latent.

    A latent is `encoder(image) + latent_avg`.  The defaults but `num_ws` are the published network.  Every style is
    the first one plus its own difference; styles 0-2 read the feature map at 1/16 of the side, 3-6 at 1/8, the rest
    at 1/4.

    Args:
        num_ws: styles of the generator, `2 log2(size) - 2`.
        style_dim: width of w.
        input_size: image side in pixels, a power of two from 32 on.
        stages: the four stages of the backbone.
    """

    def __init__(
        self, num_ws: int, style_dim: int = 512, input_size: int = 256, stages: Sequence[Stage] = IR_50
    ) -> None:
        super().__init__()
        if len(stages) != 4:
            raise ValueError(f"the encoder reads the last three of four stages, not of {len(stages)}")
        if input_size < 32 or input_size & (input_size - 1):
            raise ValueError(f"input_size must be a power of two and at least 32, not {input_size}")
        self.num_ws, self.input_size = num_ws, input_size
        self.input_layer = stem(stages[0].channels)
        self.body = nn.Sequential(*residual_blocks(stages))
        ends = [sum(stage.num_blocks for stage in stages[: i + 1]) - 1 for i in range(4)]
        self._fine_end, self._middle_end = ends[1], ends[2]

        coarse = stages[3].channels
        self.styles = nn.ModuleList()
        for i in range(num_ws):
            side = input_size // (16 if i < MIDDLE_START else 8 if i < FINE_START else 4)
            self.styles.append(StyleHead(coarse, style_dim, side))
        self.latlayer1 = nn.Conv2d(stages[2].channels, coarse, 1)
        self.latlayer2 = nn.Conv2d(stages[1].channels, coarse, 1)

    def forward(self, image: Tensor) -> Tensor:
        if image.dim() != 4 or image.shape[1:] != (3, self.input_size, self.input_size):
            raise ValueError(f"image must be [B, 3, {self.input_size}, {self.input_size}], not {list(image.shape)}")
        fine, middle, coarse = self._pyramid(image)
        maps = [coarse] * MIDDLE_START + [middle] * (FINE_START - MIDDLE_START)
        maps += [fine] * max(0, self.num_ws - FINE_START)
        heads = [head(feature) for head, feature in zip(self.styles, maps, strict=False)]
        return torch.stack([heads[0], *(heads[0] + difference for difference in heads[1:])], dim=1)

    def _pyramid(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Feature maps of one width at 1/4, 1/8 and 1/16 of the side, the coarser added to the finer."""
        x = self.input_layer(image)
        taps = []
        for i, block in enumerate(self.body):
            x = block(x)
            if i in (self._fine_end, self._middle_end):
                taps.append(x)
        middle = _upsample_to(x, taps[1]) + self.latlayer1(taps[1])
        fine = _upsample_to(middle, taps[0]) + self.latlayer2(taps[0])
        return fine, middle, x


def _upsample_to(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)


class StyleHead(nn.Module):
    """Feature map [B, C, side, side] -> one style [B, style_dim], halving the side until one pixel is left."""

    def __init__(self, in_channels: int, style_dim: int, side: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(int(math.log2(side))):
            layers += [nn.Conv2d(style_dim if i else in_channels, style_dim, 3, 2, padding=1), nn.LeakyReLU()]
        self.convs = nn.Sequential(*layers)
        self.linear = EqualLinear(style_dim, style_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.convs(x).flatten(1))
