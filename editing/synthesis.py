"""The synthesis network with frozen weights, made for optimising its input: same numbers, a fraction of the passes.

What the published form spends its time on at 1024 px is not arithmetic but passes over large maps.  Here

- the style and demodulation of a single edit scale the small weight and not the large map;
- bias, noise and activation run in place, in pieces that stay in the processor's cache;
- the backward pass is written out: one map per layer is kept, gradients overwrite each other, and no gradient of a
  weight is formed.  Style gradients come from inner products: scaling input channel i by s_i makes
  dL/ds_i = <x_i, dL/dx_i> / s_i, and because the leaky ReLU is positively homogeneous the gradient of a demodulation
  needs only inner products that are known by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .stylegan2 import ACTIVATION_GAIN, EPSILON, NEGATIVE_SLOPE, Generator, ModulatedConv2d, StyledConv, ToRGB

CHUNK_VALUES = 1 << 19  # 2 MB of float32: a piece of a map that stays in the cache between two operations
LARGE_MAP = 64 * 64  # pixels from which scaling weights per edit beats scaling maps, on a CPU
TINY = 1e-20


class FrozenSynthesis:
    """w_plus [B, num_ws, style_dim] -> image [B, 3, size, size], differentiable in w_plus only.

    Copies the weights of `generator` as they are now; later changes to it do not count.

    Args:
        generator: any device and floating-point type; the copy has both.
    """

    def __init__(self, generator: Generator) -> None:
        self.size, self.num_ws, self.style_dim = generator.size, generator.num_ws, generator.style_dim
        with torch.no_grad():
            noises = [getattr(generator.noises, f"noise_{i}") for i in range(generator.num_ws - 1)]
            convs: list[Any] = [generator.conv1, *generator.convs]
            self.layers = [_Layer.of(conv, noise) for conv, noise in zip(convs, noises, strict=True)]
            rgbs: list[Any] = [generator.to_rgb1, *generator.to_rgbs]
            self.colours = [_Colour.of(rgb) for rgb in rgbs]
            self.constant = generator.input.input.detach().clone(memory_format=torch.channels_last)

    def __call__(self, w_plus: Tensor) -> Tensor:
        if w_plus.dim() != 3 or w_plus.shape[1:] != (self.num_ws, self.style_dim):
            raise ValueError(f"w_plus must be [B, {self.num_ws}, {self.style_dim}], not {list(w_plus.shape)}")
        w = w_plus.to(self.constant.dtype).unbind(dim=1)
        styles = [layer.modulation(w[i]) for i, layer in enumerate(self.layers)]
        demods = [layer.demodulation(style) for layer, style in zip(self.layers, styles, strict=True)]
        colour_styles = [colour.modulation(w[2 * i + 1]) for i, colour in enumerate(self.colours)]
        return _Synthesis.apply(self, *styles, *demods, *colour_styles)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Modulation:
    """The affine map from w to the scales of the input channels."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, conv: ModulatedConv2d) -> "_Modulation":
        affine = conv.modulation
        return cls(affine.weight.detach() * affine.scale, affine.bias.detach() * affine.lr_mul)

    def __call__(self, w: Tensor) -> Tensor:
        return F.linear(w, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A styled convolution; the activation's gain sits in weight, bias and noise (the leaky ReLU is homogeneous)."""

    modulation: _Modulation
    weight: Tensor  # [out, in, 3, 3]
    energy: Tensor  # [out, in], squared length of each 3 x 3 kernel, without the gain
    bias: Tensor  # [out]
    noise: Tensor  # [1, H, W, 1]
    blur: Tensor | None  # [out, 1, 4, 4] where the layer doubles the side

    @classmethod
    def of(cls, conv: StyledConv, noise: Tensor) -> "_Layer":
        weight = conv.conv.weight.detach()[0] * conv.conv.scale
        return cls(
            _Modulation.of(conv.conv),
            (weight * ACTIVATION_GAIN).contiguous(memory_format=torch.channels_last),
            weight.square().sum(dim=(2, 3)),
            conv.activate.bias.detach() * ACTIVATION_GAIN,
            (noise * conv.noise.weight.detach() * ACTIVATION_GAIN)[:, 0, :, :, None].clone(),
            conv.conv.blur.per_channel(len(weight)).clone() if conv.conv.upsample else None,
        )

    def demodulation(self, style: Tensor) -> Tensor:
        """Scale [B, out] of the output channels."""
        return torch.rsqrt(F.linear(style.square(), self.energy) + EPSILON)

    def forward(self, x: Tensor, style: Tensor, demod: Tensor) -> Tensor:
        """Map [B, out, H, W], channels last, after noise, bias and activation."""
        if self._scales_weights(x):
            parts = [self._convolve(x[i : i + 1], self.weight * _outer(demod[i], style[i])) for i in range(len(x))]
            y = parts[0] if len(parts) == 1 else torch.cat(parts)
        else:
            y = self._convolve(x * style[:, :, None, None], self.weight)
        y = y.contiguous(memory_format=torch.channels_last)
        flat = y.permute(0, 2, 3, 1)  # [B, H, W, out], contiguous
        for image in range(len(flat)):
            scale = None if self._scales_weights(x) else demod[image]
            for rows in _row_chunks(flat[image]):
                piece = flat[image, rows]
                if scale is not None:
                    piece.mul_(scale)
                F.leaky_relu_(piece.add_(self.bias).add_(self.noise[0, rows]), NEGATIVE_SLOPE)
        return y

    def backward(self, gradient: Tensor, x: Tensor, style: Tensor, demod: Tensor) -> Tensor:
        """Gradient of the input [B, in, H, W] from that of the pre-activation, which may be overwritten."""
        if self._scales_weights(x):
            parts = [
                self._transpose(gradient[i : i + 1], self.weight * _outer(demod[i], style[i])) for i in range(len(x))
            ]
            return parts[0] if len(parts) == 1 else torch.cat(parts)
        return self._transpose(gradient.mul_(demod[:, :, None, None]), self.weight).mul_(style[:, :, None, None])

    def _scales_weights(self, x: Tensor) -> bool:
        return len(x) == 1 or (x.device.type == "cpu" and x.shape[2] * x.shape[3] >= LARGE_MAP)

    def _convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        if self.blur is None:
            return F.conv2d(x, weight, padding=1)
        wide = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        return F.conv2d(wide, self.blur, padding=1, groups=len(self.blur))

    def _transpose(self, gradient: Tensor, weight: Tensor) -> Tensor:
        """The adjoint of `_convolve`."""
        if self.blur is None:
            return F.conv2d(gradient, weight.flip(2, 3).transpose(0, 1), padding=1)
        wide = F.conv2d(gradient, self.blur.flip(2, 3), padding=2, groups=len(self.blur))
        return F.conv2d(wide, weight.transpose(0, 1), stride=2)


@dataclass(frozen=True, slots=True)
class _Colour:
    """A layer to RGB."""

    modulation: _Modulation
    weight: Tensor  # [3, in]
    bias: Tensor  # [1, 3, 1, 1]
    kernel: Tensor | None  # [3, 1, 4, 4] of the upsampling of the image below

    @classmethod
    def of(cls, rgb: ToRGB) -> "_Colour":
        weight = rgb.conv.weight.detach()[0, :, :, 0, 0] * rgb.conv.scale
        kernel = rgb.upsample.per_channel(3).clone() if hasattr(rgb, "upsample") else None
        return cls(_Modulation.of(rgb.conv), weight, rgb.bias.detach(), kernel)

    def forward(self, y: Tensor, style: Tensor, below: Tensor | None) -> Tensor:
        """Image [B, 3, H, W] so far."""
        flat = y.permute(0, 2, 3, 1).flatten(1, 2)  # [B, H W, in]
        image = ((self.weight * style[:, None]) @ flat.mT).unflatten(2, y.shape[2:]).add_(self.bias)
        if below is None or self.kernel is None:
            return image
        return image.add_(F.conv_transpose2d(below, self.kernel, stride=2, padding=1, groups=3))

    def backward(self, gradient: Tensor, y: Tensor, style: Tensor, total: Tensor | None) -> tuple[Tensor, Tensor]:
        """Gradient of the map, added to `total` (overwritten), and the gradient [B, in] of the style."""
        colours = gradient.flatten(2)  # [B, 3, H W]
        flat = y.permute(0, 2, 3, 1).flatten(1, 2)
        style_gradient = ((colours @ flat) * self.weight).sum(dim=1)
        if total is None:
            map_gradient = colours.mT @ (self.weight * style[:, None])
        else:
            map_gradient = total.permute(0, 2, 3, 1).flatten(1, 2).baddbmm_(colours.mT, self.weight * style[:, None])
        return map_gradient.unflatten(1, y.shape[2:]).permute(0, 3, 1, 2), style_gradient

    def below(self, gradient: Tensor) -> Tensor:
        """Gradient of the image below, the adjoint of the upsampling."""
        assert self.kernel is not None
        return F.conv2d(gradient, self.kernel, stride=2, padding=1, groups=3)


class _Synthesis(torch.autograd.Function):
    """Forward and backward through all layers."""

    @staticmethod
    def forward(ctx: Any, network: FrozenSynthesis, *scales: Tensor) -> Tensor:
        styles, demods, colour_styles = _split(network, scales)
        x = network.constant.expand(len(styles[0]), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        maps, image = [x], None
        for i, layer in enumerate(network.layers):
            maps.append(layer.forward(maps[-1], styles[i], demods[i]))
            if i % 2 == 0:
                image = network.colours[i // 2].forward(maps[-1], colour_styles[i // 2], image)
        assert image is not None
        ctx.network = network
        ctx.save_for_backward(*scales, *maps)
        return image

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        network: FrozenSynthesis = ctx.network
        num_scales = 2 * len(network.layers) + len(network.colours)
        styles, demods, colour_styles = _split(network, ctx.saved_tensors[:num_scales])
        maps = list(ctx.saved_tensors[num_scales:])
        grads: list[list[Any]] = [[None] * len(part) for part in (styles, demods, colour_styles)]
        style_grads, demod_grads, colour_grads = grads
        image_gradient = gradient.contiguous()
        total: Tensor | None = None  # gradient of the current layer's output
        products: Tensor | float = 0.0  # <y_c, dL/dy_c> of it, [B, C]
        for i in reversed(range(len(network.layers))):
            layer, y, x = network.layers[i], maps.pop(), maps[-1]
            if i % 2 == 0:
                colour, style = network.colours[i // 2], colour_styles[i // 2]
                total, colour_grads[i // 2] = colour.backward(image_gradient, y, style, total)
                products = products + style * colour_grads[i // 2]
                image_gradient = colour.below(image_gradient) if i else image_gradient
            assert total is not None
            gradient, sums = _through_activation(total, y, layer)
            # <pre-activation, its gradient> equals <y, dL/dy>; less bias and noise it belongs to the convolution
            demod_grads[i] = (products - sums) / demods[i]
            total = layer.backward(gradient, x, styles[i], demods[i])
            products = _inner_products(x, total)
            style_grads[i] = products / torch.where(styles[i].abs() < TINY, TINY, styles[i])
        return (None, *style_grads, *demod_grads, *colour_grads)


def _through_activation(gradient: Tensor, y: Tensor, layer: _Layer) -> tuple[Tensor, Tensor]:
    """Gradient of the pre-activation (overwrites `gradient`), and its inner products [B, C] with bias plus noise."""
    flat, values = gradient.permute(0, 2, 3, 1), y.permute(0, 2, 3, 1)
    sums = []
    for image in range(len(flat)):
        pair = flat.new_zeros(2, flat.shape[-1])
        for rows in _row_chunks(flat[image]):
            piece = flat[image, rows]
            torch.ops.aten.leaky_relu_backward.grad_input(
                piece, values[image, rows], NEGATIVE_SLOPE, True, grad_input=piece
            )
            noise = layer.noise[0, rows].flatten()
            pair.addmm_(torch.stack([torch.ones_like(noise), noise]), piece.flatten(0, 1))
        sums.append(pair[0] * layer.bias + pair[1])
    return gradient, torch.stack(sums)


def _inner_products(x: Tensor, gradient: Tensor) -> Tensor:
    """<x_c, gradient_c> of every channel, [B, C]."""
    flat, values = gradient.permute(0, 2, 3, 1), x.permute(0, 2, 3, 1)
    rows = [[(flat[i, r] * values[i, r]).sum(dim=(0, 1)) for r in _row_chunks(flat[i])] for i in range(len(flat))]
    return torch.stack([torch.stack(parts).sum(dim=0) for parts in rows])


def _row_chunks(flat: Tensor) -> list[slice]:
    """Slices of the rows of [H, W, C] that fit into the cache; on a GPU, all rows at once."""
    height, width, channels = flat.shape
    step = max(1, CHUNK_VALUES // (width * channels)) if flat.device.type == "cpu" else height
    return [slice(start, start + step) for start in range(0, height, step)]


def _outer(demod: Tensor, style: Tensor) -> Tensor:
    return (demod[:, None] * style)[:, :, None, None]


def _split(network: FrozenSynthesis, scales: Sequence[Tensor]) -> tuple[Sequence[Tensor], ...]:
    n = len(network.layers)
    return scales[:n], scales[n : 2 * n], scales[2 * n :]
