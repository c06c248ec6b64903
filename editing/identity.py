"""From a generated image to the face crop that the identity network sees (StyleCLIP and e4e use the same path)."""

from typing import NamedTuple

from torch import Tensor

from .axis_map import AxisMap, average_pool


class Crop(NamedTuple):
    """Box on a `canvas` x `canvas` image, ends excluded, and the side of the network's input; all in pixels."""

    top: int
    bottom: int
    left: int
    right: int
    canvas: int
    output: int


FFHQ_FACE = Crop(35, 223, 32, 220, canvas=256, output=112)  # StyleCLIP `criteria/id_loss.py`, arXiv:2103.17249


def identity_crop(image_size: int, crop: Crop = FFHQ_FACE) -> AxisMap:
    """Linear map image [B, 3, image_size, image_size] -> face [B, 3, output, output].

    Equals average pooling to the canvas, cropping, and average pooling to the output (a smaller image is repeated
    up to the canvas first, as adaptive pooling does).
    """
    canvas = average_pool(image_size, crop.canvas)
    rows, columns = canvas[crop.top : crop.bottom], canvas[crop.left : crop.right]
    return AxisMap(average_pool(len(rows), crop.output) @ rows, average_pool(len(columns), crop.output) @ columns)


def cosine_similarity(a: Tensor, b: Tensor) -> Tensor:
    """Inner product [B] of unit vectors [B, C]."""
    return (a * b).sum(dim=-1)
