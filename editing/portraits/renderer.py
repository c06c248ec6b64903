"""The portrait domain's ground truth: draws a portrait from its factors, deterministically, at any size."""

import numpy as np

from .brush import Brush
from .drawing import Drawing, resolve
from .factors import Portrait
from .paint_features import paint_brows, paint_eyes, paint_mouth
from .paint_hair import paint_facial_hair, paint_hair_behind, paint_hair_front
from .paint_head import paint_background, paint_ears, paint_face, paint_nose, paint_shoulders


def render(portrait: Portrait, size_px: int) -> np.ndarray:
    """Picture of a portrait, uint8 RGB [size_px, size_px, 3].

    Raises:
        ValueError: `size_px` is below 16 or above 4096.
    """
    if not 16 <= size_px <= 4096:
        raise ValueError(f"size_px must lie in [16, 4096], got {size_px}")
    return paint(resolve(portrait), size_px)


def paint(drawing: Drawing, size_px: int) -> np.ndarray:
    """Picture of a resolved drawing, uint8 RGB [size_px, size_px, 3]."""
    brush = Brush(size_px)
    paint_background(brush, drawing)
    paint_hair_behind(brush, drawing)
    paint_shoulders(brush, drawing)
    paint_ears(brush, drawing)
    paint_face(brush, drawing)
    paint_nose(brush, drawing)
    paint_eyes(brush, drawing)
    paint_mouth(brush, drawing)
    paint_facial_hair(brush, drawing)
    paint_hair_front(brush, drawing)
    paint_brows(brush, drawing)
    return brush.picture()
