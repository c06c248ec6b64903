"""Eyes, brows and mouth: what carries expression and makeup."""

import numpy as np

from .brush import Brush, Points, along, ellipse, mirrored, polygon, polyline
from .drawing import Color, Drawing, eye_shadow_color, mix, shade

EYE_Y = 0.53
MOUTH_Y = 0.735
_LINER: Color = (0.11, 0.07, 0.10)
_GRID = np.linspace(-1.0, 1.0, 41)


def paint_eyes(brush: Brush, drawing: Drawing) -> None:
    """Both eyes with shadow, lids, iris, lashes; a tear when sad."""
    upper, lower = _lids(drawing)
    for side in (1.0, -1.0):
        top, bottom = (upper, lower) if side > 0 else (mirrored(upper), mirrored(lower))
        _paint_eye(brush, drawing, top, bottom, side)
    _paint_tear(brush, drawing, lower)


def paint_brows(brush: Brush, drawing: Drawing) -> None:
    """Brows: thick and rough when bushy, slanted when angry, raised inside when sad."""
    t = np.linspace(0.0, 1.0, 33)
    x = 0.5 + 0.042 + (0.118 + 0.010 * drawing.bushy) * t
    middle = drawing.brow_y + drawing.brow_inner_dy * (1.0 - t) ** 1.2 + drawing.brow_outer_dy * t
    middle = middle - drawing.brow_arch * np.sin(np.pi * (0.15 + 0.85 * t))
    profile = np.minimum(1.0, t / 0.12 + 0.45) * (1.0 - t**3) + 0.10
    half = drawing.brow_thickness * profile * (1.0 + drawing.bushy * 0.16 * np.sin(t * 24.0))
    points = np.concatenate([along(x, middle - half), along(x, middle + half * 0.9)[::-1]])
    color = mix(shade(drawing.hair, 0.62), (0.16, 0.10, 0.08), 0.25)
    for shape in (points, mirrored(points)):
        brush.fill(polygon(shape), color, 0.35, 0.004)
        brush.fill(polygon(shape), color)
    _paint_furrow(brush, drawing)


def paint_mouth(brush: Brush, drawing: Drawing) -> None:
    """Lips, and teeth when the mouth is open."""
    half, height = drawing.mouth_half_width, drawing.lip_height
    bow = 1.0 - _GRID**2
    top = drawing.mouth_corner_dy * np.abs(_GRID) ** 1.8 + drawing.mouth_upper_dy * bow
    bottom = drawing.mouth_corner_dy * np.abs(_GRID) ** 1.8 + drawing.mouth_lower_dy * (1.0 - _GRID**4) ** 0.8
    bottom = np.maximum(bottom, top)
    cupid = bow**0.8 * (1.0 - 0.42 * np.exp(-((_GRID / 0.2) ** 2)))
    x = 0.5 + half * _GRID
    upper_lip = _band(x, MOUTH_Y + top - height * cupid, MOUTH_Y + top + 0.001)
    lower_lip = _band(x, MOUTH_Y + bottom - 0.001, MOUTH_Y + bottom + 1.25 * height * bow**0.7)
    inside = polygon(_band(x, MOUTH_Y + top, MOUTH_Y + bottom))
    brush.fill(
        ellipse(0.5, MOUTH_Y + float(bottom.max()) + 1.6 * height, half * 0.5, 0.009),
        shade(drawing.skin, 0.72),
        0.45,
        0.008,
    )
    brush.fill(inside, (0.36, 0.08, 0.10))
    with brush.clipped(inside):
        _paint_teeth(brush, drawing, x, top, bottom)
    brush.fill(polygon(lower_lip), mix(drawing.lips, (1.0, 1.0, 1.0), 0.06))
    brush.fill(polygon(upper_lip), shade(drawing.lips, 0.88))
    glint = ellipse(0.492, MOUTH_Y + float(bottom.max()) + 0.55 * height, half * 0.30, height * 0.24)
    brush.fill(glint, (1.0, 1.0, 1.0), 0.42, 0.004)
    line = shade(drawing.lips, 0.48)
    brush.stroke(polyline(along(x, MOUTH_Y + top)), line, 0.0065)
    brush.stroke(polyline(along(x, MOUTH_Y + bottom)), line, 0.0045)
    _paint_corners(brush, drawing)


def _lids(drawing: Drawing) -> tuple[Points, Points]:
    """Upper and lower lid of the right half of the picture, inner corner first."""
    x = 0.5 + drawing.eye_dx + drawing.eye_half_width * _GRID
    tilt = -drawing.eye_tilt * _GRID
    inner, outer = (1.0 - _GRID) / 2.0, (1.0 + _GRID) / 2.0
    up = (
        drawing.eye_half_height
        * (1.0 - _GRID**2) ** 0.62
        * (1.0 - 0.42 * drawing.angry * inner - 0.30 * drawing.sad * outer)
    )
    down = drawing.eye_half_height * 0.82 * (1.0 - _GRID**2) ** 0.75 * (1.0 - 0.45 * drawing.smiling)
    return along(x, EYE_Y + tilt - up), along(x, EYE_Y + tilt + down)


def _paint_eye(brush: Brush, drawing: Drawing, top: Points, bottom: Points, side: float) -> None:
    x = 0.5 + side * drawing.eye_dx
    _paint_eye_shadow(brush, drawing, top, side)
    shape = polygon(np.concatenate([top, bottom[::-1]]))
    brush.fill(shape, shade(drawing.skin, 0.7), 0.5, 0.008)
    brush.fill(shape, (0.985, 0.985, 0.98))
    radius = drawing.eye_half_width * 0.20 + 0.0235
    y = EYE_Y + 0.001 + 0.004 * drawing.sad
    with brush.clipped(shape):
        iris = ellipse(x, y, radius, radius)
        edge = shade(drawing.iris, 0.42)
        brush.fill_radial(
            iris,
            (x, y + 0.3 * radius),
            radius * 1.2,
            (mix(drawing.iris, (1, 1, 1), 0.28), drawing.iris, edge),
            [0.0, 0.55, 1.0],
        )
        brush.fill(ellipse(x, y, radius * 0.5, radius * 0.5), (0.06, 0.04, 0.05))
        brush.stroke(polyline(top), (0.20, 0.14, 0.18), 0.014, 0.45, 0.007)
        brush.fill(ellipse(x - 0.011, y - 0.012, 0.0085, 0.0085), (1.0, 1.0, 1.0))
        brush.fill(ellipse(x + 0.010, y + 0.010, 0.0042, 0.0042), (1.0, 1.0, 1.0), 0.75)
    brush.stroke(polyline(bottom), shade(drawing.skin, 0.55), 0.0035, 0.6)
    _paint_lashes(brush, drawing, top, side)


def _paint_eye_shadow(brush: Brush, drawing: Drawing, top: Points, side: float) -> None:
    x = 0.5 + side * (drawing.eye_dx + 0.008)
    lid = top - np.array([0.0, 0.013])
    brush.stroke(polyline(lid), shade(drawing.skin, 0.72), 0.004, 0.5 * (1.0 - drawing.makeup))
    cloud = ellipse(x, EYE_Y - 0.020, drawing.eye_half_width + 0.026, 0.044)
    brush.fill(cloud, eye_shadow_color(), 0.92 * drawing.makeup, 0.009)


def _paint_lashes(brush: Brush, drawing: Drawing, top: Points, side: float) -> None:
    makeup, femininity = drawing.makeup, drawing.femininity
    width = 0.0075 + 0.0025 * femininity + 0.006 * makeup
    brush.stroke(polyline(top), _LINER, width)
    corner, reach = top[-1], 0.012 + 0.010 * femininity + 0.020 * makeup
    wing = np.array([top[-6], corner, corner + np.array([side * reach, -reach * 0.75])])
    brush.stroke(polyline(wing), _LINER, width * 0.85, min(1.0, femininity + makeup))


def _paint_tear(brush: Brush, drawing: Drawing, lower: Points) -> None:
    x, y = float(1.0 - lower[26, 0]), float(lower[20, 1]) + 0.045
    t = np.linspace(0.0, 2.0 * np.pi, 40)
    drop = along(x + 0.0165 * np.sin(t) * np.sin(t / 2.0), y - 0.034 * np.cos(t))
    brush.fill(polygon(drop), (0.35, 0.66, 0.95), 0.95 * min(1.0, drawing.sad * 1.2))
    brush.fill(ellipse(x - 0.004, y + 0.013, 0.004, 0.006), (1.0, 1.0, 1.0), 0.85 * drawing.sad)


def _paint_furrow(brush: Brush, drawing: Drawing) -> None:
    for side in (-1.0, 1.0):
        line = np.array([[0.5 + side * 0.017, 0.455], [0.5 + side * 0.012, 0.490]])
        brush.stroke(polyline(line), shade(drawing.skin, 0.52), 0.007, 0.85 * drawing.angry)


def _paint_teeth(brush: Brush, drawing: Drawing, x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> None:
    opening = bottom - top
    cover = drawing.smiling * 0.52 + drawing.angry * 1.0
    brush.fill(ellipse(0.5, MOUTH_Y + float(bottom.max()) + 0.004, 0.042, 0.022), (0.86, 0.36, 0.40), drawing.smiling)
    brush.fill(
        polygon(_band(x, MOUTH_Y + top, MOUTH_Y + top + opening * min(1.0, cover))), (0.99, 0.985, 0.97), drawing.teeth
    )
    middle = along(x, MOUTH_Y + top + opening * 0.52)
    brush.stroke(polyline(middle), (0.45, 0.36, 0.38), 0.0045, 0.9 * drawing.angry)
    for step in (-0.55, -0.18, 0.18, 0.55):
        gap = np.array(
            [
                [0.5 + step * drawing.mouth_half_width, MOUTH_Y - 0.05],
                [0.5 + step * drawing.mouth_half_width, MOUTH_Y + 0.05],
            ]
        )
        brush.stroke(polyline(gap), (0.45, 0.36, 0.38), 0.003, 0.7 * drawing.angry)


def _paint_corners(brush: Brush, drawing: Drawing) -> None:
    for side in (-1.0, 1.0):
        x, y = 0.5 + side * (drawing.mouth_half_width + 0.004), MOUTH_Y + drawing.mouth_corner_dy
        brush.fill(ellipse(x, y, 0.007, 0.007), shade(drawing.skin, 0.6), 0.55, 0.004)


def _band(x: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> Points:
    return np.concatenate([along(x, upper), along(x, lower)[::-1]])
