"""A CLIP of open_clip as two functions: images as the generator makes them -> features, texts -> features."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from open_clip import SimpleTokenizer
from open_clip.model import CLIP
from torch import Tensor, nn

from .clip_resize import CLIP_SIZE_PX, clip_resize
from .pack_errors import PackInvalid
from .pack_weights import fill_network

DEFAULT_CONTEXT_LENGTH = 77


class ClipModel(nn.Module):
    """A frozen CLIP for images of one size.

    Args:
        net: the model.
        image_size: side in pixels of the images that come in.
        input_size: side of what the model sees.
        context_length: tokens of a text; longer ones are cut.
        has_sigmoid_loss: see `pack_format.ClipArchitecture`.
    """

    def __init__(
        self, net: CLIP, image_size: int, input_size: int, context_length: int, has_sigmoid_loss: bool = False
    ) -> None:
        super().__init__()
        self.net = net
        self._tokenizer = SimpleTokenizer(context_length=context_length)
        self._resize = clip_resize(image_size, input_size)
        bias = net.logit_bias
        self.logit_scale = float(net.logit_scale.exp()) if has_sigmoid_loss else 1.0
        self.logit_bias = float(bias) if has_sigmoid_loss and bias is not None else 0.0

    def image_features(self, images: Tensor) -> Tensor:
        """Features [B, C], any length, of images [B, 3, S, S] in [-1, 1]; no mean and deviation is applied, as in
        StyleCLIP."""
        return self.net.encode_image(self._resize(images))

    @torch.no_grad()
    def text_features(self, texts: Sequence[str]) -> Tensor:
        """Features [N, C], any length, of texts."""
        device = next(self.net.parameters()).device
        return self.net.encode_text(self._tokenizer(list(texts)).to(device))


def build_clip(config: Mapping[str, Any], where: Path | str) -> CLIP:
    """The network of an open_clip configuration, with random weights.

    Raises:
        PackInvalid: the configuration is not one of a plain CLIP.
    """
    try:
        return CLIP(**config)
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise PackInvalid(str(where), f"clip.architecture.config: {error}") from error


def load_clip(
    config: Mapping[str, Any], tensors: Mapping[str, Tensor], path: Path, image_size: int, has_sigmoid_loss: bool
) -> ClipModel:
    """A frozen CLIP with weights of a file.

    Raises:
        PackInvalid, KeyMissing, KeyUnexpected, ShapeMismatch
    """
    net = fill_network(build_clip(config, path), path, tensors)
    context_length = config["text_cfg"].get("context_length", DEFAULT_CONTEXT_LENGTH)
    input_size = config["vision_cfg"].get("image_size", CLIP_SIZE_PX)
    return ClipModel(net, image_size, input_size, context_length, has_sigmoid_loss).eval()
