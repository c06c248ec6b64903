"""StyleGAN2's generator (Karras et al., arXiv:1912.04958, config F), key names of the official checkpoint.

A modulated convolution scales its *input* per sample, runs one dense convolution with the shared weight and scales the
*output* (demodulation).  That equals convolving with a modulated weight per sample, as published, but needs neither a
grouped convolution nor a copy of the weight per sample.
"""

import itertools
import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEGATIVE_SLOPE = 0.2
ACTIVATION_GAIN = 2.0**0.5  # keeps the variance through the leaky ReLU
BLUR_TAPS = (1.0, 3.0, 3.0, 1.0)
EPSILON = 1e-8


def official_channels(channel_multiplier: int = 2) -> dict[int, int]:
    """Feature maps per resolution of the published generators: 512 up to 32 px, then halving."""
    return {4 << i: min(512, (256 * 64 * channel_multiplier) // (4 << i)) for i in range(9)}


def num_ws_of(size: int) -> int:
    """Number of style vectors of a generator of `size` pixels: two per resolution, `2 log2(size) - 2`."""
    return 2 * int(math.log2(size)) - 2


class Generator(nn.Module):
    """z -> w -> image in [-1, 1]; deterministic, with the fixed noise buffers of the checkpoint.

    Args:
        size: image side in pixels, a power of two from 8 on.
        style_dim: width of z and w.
        num_mapping_layers, mapping_lr_mul: the mapping network (published: 8 layers, 0.01).
        channels: feature maps per resolution, for 4, 8, ... `size`; the published ones where absent.
    Raises:
        ValueError: `size` is no power of two, or `channels` misses a resolution.
    """

    def __init__(
        self,
        size: int,
        style_dim: int = 512,
        num_mapping_layers: int = 8,
        mapping_lr_mul: float = 0.01,
        channels: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__()
        if size < 8 or size & (size - 1):
            raise ValueError(f"size must be a power of two and at least 8, not {size}")
        resolutions = [4 << i for i in range(int(math.log2(size)) - 1)]
        channels = official_channels() if channels is None else channels
        if missing := [r for r in resolutions if r not in channels]:
            raise ValueError(f"channels has no entry for resolution {missing[0]}")
        self.size, self.style_dim, self.num_ws = size, style_dim, num_ws_of(size)

        mapping = [EqualLinear(style_dim, style_dim, mapping_lr_mul, activate=True) for _ in range(num_mapping_layers)]
        self.style = nn.Sequential(PixelNorm(), *mapping)
        self.input = ConstantInput(channels[4])
        self.conv1 = StyledConv(channels[4], channels[4], style_dim)
        self.to_rgb1 = ToRGB(channels[4], style_dim, upsample=False)
        self.convs, self.to_rgbs, self.noises = nn.ModuleList(), nn.ModuleList(), nn.Module()
        for low, high in itertools.pairwise(resolutions):
            self.convs.append(StyledConv(channels[low], channels[high], style_dim, upsample=True))
            self.convs.append(StyledConv(channels[high], channels[high], style_dim))
            self.to_rgbs.append(ToRGB(channels[high], style_dim, upsample=True))
        for i in range(self.num_ws - 1):
            side = 4 << ((i + 1) // 2)
            self.noises.register_buffer(f"noise_{i}", torch.randn(1, 1, side, side))

    def mapping(self, z: Tensor) -> Tensor:
        """w [B, style_dim] of z [B, style_dim]; z is normalised to unit mean square first."""
        return self.style(z)

    def synthesis(self, w_plus: Tensor) -> Tensor:
        """Image [B, 3, size, size], nominally in [-1, 1] (not clamped), of w_plus [B, num_ws, style_dim]."""
        if w_plus.dim() != 3 or w_plus.shape[1:] != (self.num_ws, self.style_dim):
            raise ValueError(f"w_plus must be [B, {self.num_ws}, {self.style_dim}], not {list(w_plus.shape)}")
        noises = [getattr(self.noises, f"noise_{i}") for i in range(self.num_ws - 1)]
        x = self.conv1(self.input(w_plus.shape[0]), w_plus[:, 0], noises[0])
        rgb = self.to_rgb1(x, w_plus[:, 1], None)
        for i, to_rgb in enumerate(self.to_rgbs):
            x = self.convs[2 * i](x, w_plus[:, 2 * i + 1], noises[2 * i + 1])
            x = self.convs[2 * i + 1](x, w_plus[:, 2 * i + 2], noises[2 * i + 2])
            rgb = to_rgb(x, w_plus[:, 2 * i + 3], rgb)
        return rgb

    def forward(self, w_plus: Tensor) -> Tensor:
        """`synthesis`, so that a generator is a callable latent -> image."""
        return self.synthesis(w_plus)

    def broadcast(self, w: Tensor) -> Tensor:
        """w_plus [B, num_ws, style_dim] with the same w [B, style_dim] at every layer."""
        return w.unsqueeze(1).expand(-1, self.num_ws, -1)


def truncate(w: Tensor, mean_latent: Tensor, truncation_psi: float) -> Tensor:
    """`mean_latent + truncation_psi (w - mean_latent)`: 1 changes nothing, 0 gives the mean face."""
    return mean_latent + truncation_psi * (w - mean_latent)


class PixelNorm(nn.Module):
    """Scales each vector [B, C] to unit mean square."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + EPSILON)


class EqualLinear(nn.Module):
    """Linear layer with the equalised learning rate: weights are stored divided by their initial scale."""

    def __init__(self, in_dim: int, out_dim: int, lr_mul: float = 1.0, bias_init: float = 0.0, activate: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim) / lr_mul)
        self.bias = nn.Parameter(torch.full((out_dim,), float(bias_init)))
        self.scale, self.lr_mul, self.activate = lr_mul / in_dim**0.5, lr_mul, activate

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.weight * self.scale, self.bias * self.lr_mul)
        return F.leaky_relu(y, NEGATIVE_SLOPE) * ACTIVATION_GAIN if self.activate else y


class ConstantInput(nn.Module):
    """The learned 4 x 4 map from which every image starts."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))

    def forward(self, batch: int) -> Tensor:
        return self.input.expand(batch, -1, -1, -1)


class UpsamplingBlur(nn.Module):
    """The filter after zero insertion: [1, 3, 3, 1] per axis, gain 4; a buffer of the checkpoint."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor(BLUR_TAPS) / sum(BLUR_TAPS)
        self.register_buffer("kernel", 4.0 * torch.outer(taps, taps))

    def per_channel(self, channels: int) -> Tensor:
        """Depthwise weight [channels, 1, 4, 4]."""
        return self.kernel.expand(channels, 1, -1, -1)


class ModulatedConv2d(nn.Module):
    """Convolution whose input channels are scaled by an affine map of w; `upsample` doubles the side."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, style_dim: int, demodulate: bool, upsample: bool
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, out_channels, in_channels, kernel_size, kernel_size))
        if upsample:
            self.blur = UpsamplingBlur()
        self.modulation = EqualLinear(style_dim, in_channels, bias_init=1.0)
        self.scale = 1.0 / (in_channels * kernel_size**2) ** 0.5
        self.demodulate, self.upsample = demodulate, upsample

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.modulation(w)  # [B, in]
        weight = self.weight[0] * self.scale
        x = x * style[:, :, None, None]
        if self.upsample:
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)  # [B, out, 2 H + 1, 2 W + 1]
            x = F.conv2d(x, self.blur.per_channel(x.shape[1]), padding=1, groups=x.shape[1])
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if not self.demodulate:
            return x
        norm = F.linear(style.square(), weight.square().sum(dim=(2, 3)))  # squared length of each modulated filter
        return x * torch.rsqrt(norm + EPSILON)[:, :, None, None]


class NoiseInjection(nn.Module):
    """Adds the fixed noise map times a learned strength."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        return x + self.weight * noise


class FusedLeakyReLU(nn.Module):
    """Bias, leaky ReLU and gain."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.bias[:, None, None], NEGATIVE_SLOPE) * ACTIVATION_GAIN


class StyledConv(nn.Module):
    """Modulated 3 x 3 convolution, noise, bias and activation."""

    def __init__(self, in_channels: int, out_channels: int, style_dim: int, upsample: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(in_channels, out_channels, 3, style_dim, demodulate=True, upsample=upsample)
        self.noise = NoiseInjection()
        self.activate = FusedLeakyReLU(out_channels)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        return self.activate(self.noise(self.conv(x, w), noise))


class ToRGB(nn.Module):
    """Modulated 1 x 1 convolution to RGB, added to the upsampled image of the resolution below."""

    def __init__(self, in_channels: int, style_dim: int, upsample: bool) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        if upsample:
            self.upsample = UpsamplingBlur()
        self.conv = ModulatedConv2d(in_channels, 3, 1, style_dim, demodulate=False, upsample=False)

    def forward(self, x: Tensor, w: Tensor, skip: Tensor | None) -> Tensor:
        rgb = self.conv(x, w) + self.bias
        if skip is None:
            return rgb
        return rgb + F.conv_transpose2d(skip, self.upsample.per_channel(3), stride=2, padding=1, groups=3)
