"""Background, shoulders, neck, ears and face; blush and age lie on the face."""

import numpy as np
import skia

from .brush import Brush, Points, along, ellipse, mirrored, polygon, polyline, rectangle
from .drawing import Color, Drawing, blush_color, mix, shade

_EYE_LINE_Y = 0.53
_SKULL_TOP_Y = 0.165


def face_half_width_at(drawing: Drawing, y: np.ndarray) -> np.ndarray:
    """Half width of the face at heights `y`; 0 above the skull and below the chin."""
    up = np.clip((_EYE_LINE_Y - y) / (_EYE_LINE_Y - _SKULL_TOP_Y), 0.0, 1.0)
    down = np.clip((y - _EYE_LINE_Y) / (drawing.chin_y - _EYE_LINE_Y), 0.0, 1.0)
    crown = np.sqrt(np.clip(1.0 - up**2.2, 0.0, None))
    jaw = np.clip(1.0 - down**drawing.jaw_power, 0.0, None) ** 0.56
    return drawing.face_half_width * np.where(y < _EYE_LINE_Y, crown, jaw)


def skull_y_at(drawing: Drawing, x: np.ndarray) -> np.ndarray:
    """Upper outline of the head at positions `x`; the line of the eyes beside the head."""
    across = np.clip(np.abs(x - 0.5) / drawing.face_half_width, 0.0, 1.0)
    return _EYE_LINE_Y - (_EYE_LINE_Y - _SKULL_TOP_Y) * (1.0 - across**2) ** (1.0 / 2.2)


def face_points(drawing: Drawing) -> Points:
    """Outline of the face, dense."""
    turn = np.linspace(0.0, np.pi, 90)
    y = _SKULL_TOP_Y + (drawing.chin_y - _SKULL_TOP_Y) * (1.0 - np.cos(turn)) / 2.0
    half = face_half_width_at(drawing, y)
    return np.concatenate([along(0.5 + half, y), along(0.5 - half, y)[::-1]])


def paint_background(brush: Brush, drawing: Drawing) -> None:
    """A plain backdrop that is lighter behind the head."""
    color = drawing.background
    brush.fill_radial(
        rectangle(-0.1, -0.1, 1.1, 1.1),
        (0.5, 0.42),
        0.72,
        (mix(color, (1, 1, 1), 0.45), color, shade(color, 0.86)),
        [0.0, 0.6, 1.0],
    )


def paint_shoulders(brush: Brush, drawing: Drawing) -> None:
    """Clothes, neck and the shadow of the chin."""
    masculinity = 1.0 - drawing.femininity
    neck = 0.078 + 0.024 * masculinity
    skin, clothes = drawing.skin, drawing.clothes
    body = _body_path(0.325 + 0.05 * masculinity)
    brush.fill_vertical(body, 0.86, 1.0, (mix(clothes, (1, 1, 1), 0.14), shade(clothes, 0.82)))
    opening_y = 0.925 + 0.065 * drawing.neckline
    collar = ellipse(0.5, 0.885, neck + 0.036, 0.036 + 0.6 * (opening_y - 0.925))
    with brush.clipped(body):
        brush.fill(collar, shade(clothes, 0.62), 0.5, 0.012)
        brush.fill(collar, skin)
        brush.stroke(collar, shade(clothes, 0.8), 0.010, 0.9)
    trunk = rectangle(0.5 - neck, 0.70, 0.5 + neck, 0.892)
    brush.fill(trunk, shade(skin, 0.93))
    with brush.clipped(trunk):
        brush.fill(
            ellipse(0.5, drawing.chin_y - 0.035, drawing.face_half_width * 0.86, 0.085), _shadow(skin), 0.75, 0.014
        )


def paint_ears(brush: Brush, drawing: Drawing) -> None:
    """Both ears with a soft hollow."""
    for side in (-1.0, 1.0):
        x = 0.5 + side * (drawing.face_half_width + 0.008)
        height = drawing.ear_half_height
        brush.fill(ellipse(x, 0.555, 0.034, height), shade(drawing.skin, 0.93))
        brush.fill(ellipse(x + side * 0.004, 0.557, 0.017, height * 0.6), _shadow(drawing.skin), 0.55, 0.006)


def paint_face(brush: Brush, drawing: Drawing) -> skia.Path:
    """The face with its light; returns its outline for clipping."""
    outline = polygon(face_points(drawing))
    skin = drawing.skin
    brush.fill_radial(
        outline, (0.44, 0.44), 0.50, (mix(skin, (1.0, 0.98, 0.94), 0.22), skin, shade(skin, 0.86)), [0.0, 0.55, 1.0]
    )
    with brush.clipped(outline):
        brush.stroke(outline, _shadow(skin), 0.03, 0.35, 0.02)
        _paint_cheeks(brush, drawing)
        _paint_age(brush, drawing)
    return outline


def paint_nose(brush: Brush, drawing: Drawing) -> None:
    """Bridge shadow, tip and nostrils."""
    y, half, dark = drawing.nose_y, drawing.nose_half_width, _shadow(drawing.skin)
    bridge = along(np.array([0.514, 0.519, 0.524]), np.array([0.535, 0.58, y - 0.022]))
    brush.stroke(polyline(bridge), dark, 0.012, 0.32, 0.008)
    brush.fill(ellipse(0.496, y - 0.022, half * 0.5, 0.014), (1.0, 1.0, 1.0), 0.26, 0.008)
    x = np.linspace(-1.0, 1.0, 25)
    curve = y + 0.004 - 0.016 * np.abs(x) ** 2.5
    brush.fill(ellipse(0.5, y - 0.002, half * 0.9, 0.014), dark, 0.25, 0.008)
    brush.stroke(polyline(along(0.5 + half * x, curve)), shade(dark, 0.82), 0.0075, 0.9)


def _paint_cheeks(brush: Brush, drawing: Drawing) -> None:
    for side in (-1.0, 1.0):
        x = 0.5 + side * (drawing.face_half_width * 0.62)
        y = 0.652 - 0.012 * drawing.smiling
        brush.fill(ellipse(x, y, 0.05, 0.036), mix(drawing.skin, (0.93, 0.45, 0.42), 0.4), 0.35, 0.018)
        brush.fill(ellipse(x, y, 0.054, 0.041), blush_color(drawing.skin), 0.88 * drawing.blush, 0.009)


def _paint_age(brush: Brush, drawing: Drawing) -> None:
    alpha, dark = 0.75 * max(0.0, drawing.age - 0.35), shade(_shadow(drawing.skin), 0.9)
    bend = np.linspace(0.0, 1.0, 16)
    fold = along(0.5 + drawing.nose_half_width + 0.012 + 0.034 * bend, drawing.nose_y - 0.005 + 0.05 * bend**1.4)
    bag_x = np.linspace(-1.0, 1.0, 16)
    bag = along(0.5 + drawing.eye_dx + 0.038 * bag_x, 0.586 + 0.012 * (1.0 - bag_x**2))
    for points in (fold, bag):
        for line in (points, mirrored(points)):
            brush.stroke(polyline(line), dark, 0.006, alpha, 0.003)


def _body_path(half_width: float) -> skia.Path:
    path = skia.Path()
    path.moveTo(0.5 - half_width - 0.06, 1.02)
    path.cubicTo(0.5 - half_width, 0.90, 0.5 - 0.20, 0.90, 0.5 - 0.10, 0.868)
    path.lineTo(0.5 + 0.10, 0.868)
    path.cubicTo(0.5 + 0.20, 0.90, 0.5 + half_width, 0.90, 0.5 + half_width + 0.06, 1.02)
    path.close()
    return path


def _shadow(skin: Color) -> Color:
    red, green, blue = skin
    return red * 0.80, green * 0.68, blue * 0.64
