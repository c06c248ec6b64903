"""MTCNN (Zhang et al., arXiv:1604.02878): faces with five landmarks.

The networks and the cascade are written here on PyTorch; the trained weights are those that the package `mtcnn`
(MIT licence, the optional extra `align`) carries, so that nothing is downloaded.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torchvision.ops import nms

from .pack_errors import AlignmentUnavailable

CELL_PX, STRIDE_PX = 12, 2  # of the first network
PYRAMID_STEP = 0.709  # about the root of one half: each level has half the area
THRESHOLDS = (0.6, 0.7, 0.8)  # of the three networks, as published
OVERLAPS = (0.5, 0.7, 0.7)  # within a level, between levels and after the second network; after the third
WORK_SIDE_PX = 640  # longer side of the picture that is searched
SMALLEST_FACE = 1 / 16  # of the longer side


class Face(NamedTuple):
    """Points are (x, y) in pixels, "left" as the viewer sees it; they may lie outside the picture.

    Attributes:
        box: left, top, right, bottom.
        score: in [0, 1].
    """

    box: tuple[float, float, float, float]
    score: float
    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    left_mouth: tuple[float, float]
    right_mouth: tuple[float, float]

    @property
    def side(self) -> float:
        """Longer side of the box in pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


@torch.no_grad()
def detect_faces(image: Image.Image) -> list[Face]:
    """Faces of an RGB picture, best score first; those smaller than 1/16 of its longer side are not looked for.

    Raises:
        AlignmentUnavailable: the extra `align` is not installed.
    """
    networks = _load_networks()
    shrink = min(1.0, WORK_SIDE_PX / max(image.size))
    work = image.resize([max(CELL_PX, round(side * shrink)) for side in image.size], Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(work, dtype=np.float32)).permute(2, 0, 1)[None]
    pixels = (pixels - 127.5) / 128.0
    boxes = _propose(networks[0], pixels, SMALLEST_FACE * max(work.size))
    boxes = _refine(networks[1], pixels, boxes)
    found = _mark(networks[2], pixels, boxes)
    scale = np.array(image.size) / np.array(work.size)
    return [_face(row, scale) for row in found.numpy()]


class _Cascade(nn.Module):
    """One of the three networks: convolutions with PReLU and pooling, then heads, the last of which scores a face.

    Args:
        weights: arrays as Keras keeps them, in order.
        pools: kernel and `ceil_mode` of the pooling after each convolution, or None.
        num_heads: layers at the end that read the same features.
    """

    def __init__(self, weights: Sequence[np.ndarray], pools: Sequence[tuple[int, bool] | None], num_heads: int) -> None:
        super().__init__()
        self._pools = pools
        split = 3 * len(pools)
        self._convs = [_convolution(weights[i : i + 3]) for i in range(0, split, 3)]
        hidden = weights[split : len(weights) - 2 * num_heads]
        self._hidden = [torch.from_numpy(array) for array in hidden]
        heads = weights[len(weights) - 2 * num_heads :]
        self._heads = [(torch.from_numpy(w), torch.from_numpy(b)) for w, b in zip(heads[::2], heads[1::2], strict=True)]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Each head's answer, [B, C, H, W] or [B, C]; the last one as a probability of a face."""
        for (weight, bias, slope), pool in zip(self._convs, self._pools, strict=True):
            x = F.prelu(F.conv2d(x, weight, bias), slope)
            if pool is not None:
                x = F.max_pool2d(x, pool[0], 2, ceil_mode=pool[1])
        if self._hidden:
            weight, bias, slope = self._hidden
            x = F.prelu(x.transpose(2, 3).permute(0, 2, 3, 1).flatten(1) @ weight + bias, slope)
        answers = [self._head(x, weight, bias) for weight, bias in self._heads]
        return [*answers[:-1], answers[-1].softmax(dim=1)[:, 1]]

    @staticmethod
    def _head(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        if weight.dim() == 4:
            return F.conv2d(x, weight.permute(3, 2, 0, 1), bias)
        return x @ weight + bias


def _convolution(arrays: Sequence[np.ndarray]) -> tuple[Tensor, Tensor, Tensor]:
    """Kernel [out, in, h, w], bias and slope of Keras arrays [h, w, in, out], [out], [1, 1, out]."""
    kernel, bias, slope = (torch.from_numpy(array) for array in arrays)
    return kernel.permute(3, 2, 0, 1).contiguous(), bias, slope.flatten()


@cache
def _load_networks() -> tuple[_Cascade, _Cascade, _Cascade]:
    spec = find_spec("mtcnn")
    if spec is None or not spec.submodule_search_locations:
        raise AlignmentUnavailable
    import joblib

    folder = Path(spec.submodule_search_locations[0]) / "assets" / "weights"
    # joblib unpickles: acceptable, for these files are part of an installed package, as trusted as its code
    first, second, third = (joblib.load(folder / f"{name}.lz4") for name in ("pnet", "rnet", "onet"))
    return (
        _Cascade(first, [(2, True), None, None], num_heads=2),
        _Cascade(second, [(3, True), (3, False), None], num_heads=2),
        _Cascade(third, [(3, True), (3, False), (2, True), None], num_heads=3),
    )


def _propose(network: _Cascade, pixels: Tensor, smallest_px: float) -> Tensor:
    """Square candidates [N, 4] from the image pyramid."""
    height, width = pixels.shape[-2:]
    scale, levels = CELL_PX / smallest_px, []
    while min(height, width) * scale >= CELL_PX:
        size = (round(height * scale), round(width * scale))
        offsets, scores = network(F.interpolate(pixels, size, mode="bilinear", antialias=True))
        rows, columns = torch.where(scores[0] > THRESHOLDS[0])
        corner = STRIDE_PX * torch.stack([columns, rows], dim=1).float()
        boxes = torch.cat([corner, corner + CELL_PX], dim=1) + CELL_PX * offsets[0, :, rows, columns].T
        kept = nms(boxes, scores[0, rows, columns], OVERLAPS[0])
        levels.append(torch.cat([boxes[kept] / scale, scores[0, rows, columns][kept, None]], dim=1))
        scale *= PYRAMID_STEP
    found = torch.cat(levels) if levels else torch.zeros(0, 5)
    return _squared(found[nms(found[:, :4], found[:, 4], OVERLAPS[1])])


def _refine(network: _Cascade, pixels: Tensor, boxes: Tensor) -> Tensor:
    """Square candidates that pass the second network."""
    if not len(boxes):
        return boxes
    offsets, scores = network(_patches(pixels, boxes, 24))
    return _squared(_passed(boxes, offsets, scores, THRESHOLDS[1], OVERLAPS[1])[0])


def _mark(network: _Cascade, pixels: Tensor, boxes: Tensor) -> Tensor:
    """Faces [N, 15]: box, five points' x, five points' y, score; best first."""
    if not len(boxes):
        return torch.zeros(0, 15)
    offsets, points, scores = network(_patches(pixels, boxes, 48))
    size = boxes[:, 2:] - boxes[:, :2]
    x = boxes[:, :1] + points[:, :5] * size[:, :1]
    y = boxes[:, 1:2] + points[:, 5:] * size[:, 1:]
    final, kept = _passed(boxes, offsets, scores, THRESHOLDS[2], OVERLAPS[2])
    rows = torch.cat([final, x[kept], y[kept], scores[kept, None]], dim=1)
    return _without_nested(rows)


def _passed(boxes: Tensor, offsets: Tensor, scores: Tensor, threshold: float, overlap: float) -> tuple[Tensor, Tensor]:
    """Corrected boxes that score enough, and their numbers, best first."""
    size = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    moved = boxes + offsets * size
    enough = torch.where(scores > threshold)[0]
    kept = enough[nms(moved[enough], scores[enough], overlap)]
    return moved[kept], kept


def _without_nested(rows: Tensor) -> Tensor:
    """Drop boxes that lie mostly inside a better one."""
    kept: list[Tensor] = []
    for row in rows:
        if all(_covered(row, better) <= OVERLAPS[2] for better in kept):
            kept.append(row)
    return torch.stack(kept) if kept else rows


def _covered(a: Tensor, b: Tensor) -> float:
    """Intersection of two boxes over the smaller one's area."""
    low, high = torch.maximum(a[:2], b[:2]), torch.minimum(a[2:4], b[2:4])
    area = (high - low).clamp(min=0.0).prod()
    return float(area / torch.minimum((a[2:4] - a[:2]).prod(), (b[2:4] - b[:2]).prod()))


def _squared(boxes: Tensor) -> Tensor:
    """Squares [N, 4] around the same centres, as long as the longer side."""
    half = (boxes[:, 2:4] - boxes[:, :2]).amax(dim=1, keepdim=True) / 2
    centre = (boxes[:, :2] + boxes[:, 2:4]) / 2
    return torch.cat([centre - half, centre + half], dim=1)


def _patches(pixels: Tensor, boxes: Tensor, side: int) -> Tensor:
    """What each box shows, [N, 3, side, side]; 0 (gray) outside the picture."""
    height, width = pixels.shape[-2:]
    steps = (torch.arange(side) + 0.5) / side
    x = boxes[:, :1] + steps * (boxes[:, 2:3] - boxes[:, :1])
    y = boxes[:, 1:2] + steps * (boxes[:, 3:4] - boxes[:, 1:2])
    grid_x = (2.0 * x / width - 1.0)[:, None, :].expand(-1, side, -1)
    grid_y = (2.0 * y / height - 1.0)[:, :, None].expand(-1, -1, side)
    grid = torch.stack([grid_x, grid_y], dim=-1)
    return F.grid_sample(pixels.expand(len(boxes), -1, -1, -1), grid, align_corners=False)


def _face(row: np.ndarray, scale: np.ndarray) -> Face:
    box = row[:4] * np.tile(scale, 2)
    points = np.stack([row[4:9], row[9:14]], axis=1) * scale

    def point(index: int) -> tuple[float, float]:
        return float(points[index, 0]), float(points[index, 1])

    left, top, right, bottom = (float(value) for value in box)
    return Face((left, top, right, bottom), float(row[14]), point(0), point(1), point(3), point(4))
