"""Hair in three layers: behind the head, on the face (beard, sideburns), and over the forehead."""

import numpy as np

from .brush import Brush, Points, along, ellipse, mirrored, polygon, polyline
from .drawing import Drawing, mix, shade
from .paint_features import MOUTH_Y
from .paint_head import face_half_width_at, skull_y_at

_ACROSS = np.linspace(-1.0, 1.0, 81)
_EAR_Y = 0.53


def paint_hair_behind(brush: Brush, drawing: Drawing) -> None:
    """Bun and long hair, drawn before the neck."""
    dark = shade(drawing.hair, 0.70)
    if drawing.bun > 0.0:
        radius = 0.088 * drawing.bun
        y = 0.125 - drawing.hair_volume * 0.6
        ball = ellipse(0.5, y, radius * 1.15, radius)
        brush.fill_radial(
            ball,
            (0.47, y - 0.03),
            radius * 1.5,
            (mix(drawing.hair, (1, 1, 1), 0.2), drawing.hair, dark),
            [0.0, 0.5, 1.0],
        )
    if drawing.hair_length > 0.0:
        shape = polygon(_long_hair(drawing))
        brush.fill_vertical(shape, 0.45, 0.98, (shade(drawing.hair, 0.88), shade(drawing.hair, 0.66)))


def paint_hair_front(brush: Brush, drawing: Drawing) -> None:
    """The cap of hair above the hairline, and the fringe."""
    cap = _cap(drawing)
    hair, light = drawing.hair, mix(drawing.hair, (1.0, 0.97, 0.90), 0.34)
    hairline = _hairline(drawing)
    brush.stroke(polyline(hairline + np.array([0.0, 0.008])), (0.20, 0.08, 0.04), 0.02, 0.30, 0.010)
    _fill_hair(brush, drawing, cap)
    if drawing.bangs > 0.0:
        _paint_bangs(brush, drawing)
    with brush.clipped(polygon(cap)):
        outer = _outer(drawing)
        for share, alpha in ((0.42, 0.55), (0.62, 0.25)):
            ring = outer[18:-18] * (1.0 - share) + hairline[18:-18] * share
            brush.stroke(polyline(ring), light, 0.014, alpha, 0.008)
        parting = np.array(
            [[0.5 + 0.09 * drawing.hair_part, 0.08], [0.5 + 0.12 * drawing.hair_part, drawing.hairline_y]]
        )
        brush.stroke(polyline(parting), shade(hair, 0.55), 0.007, 0.55, 0.003)


def paint_facial_hair(brush: Brush, drawing: Drawing) -> None:
    """Sideburns, goatee and mustache."""
    color, dark = drawing.beard, shade(drawing.beard, 0.8)
    for alpha, shape in (
        (drawing.sideburns, _sideburn(drawing)),
        (drawing.sideburns, mirrored(_sideburn(drawing))),
        (drawing.goatee, _goatee(drawing)),
        (drawing.mustache, _mustache(drawing)),
    ):
        if alpha > 0.02:
            brush.fill(polygon(shape), dark, 0.5 * alpha, 0.006)
            brush.fill(polygon(shape), color, alpha)
    if drawing.goatee > 0.02:
        patch = ellipse(0.5, MOUTH_Y + max(0.0, drawing.mouth_lower_dy) + 0.036, 0.014, 0.018)
        brush.fill(patch, color, drawing.goatee)


def _outer(drawing: Drawing) -> Points:
    """Contour of the cap from the left ear over the crown to the right ear."""
    turn = np.pi * (_ACROSS + 1.0) / 2.0
    volume = drawing.hair_volume * (1.0 - 0.35 * drawing.receding)
    ripple = 0.010 * drawing.hair_wave * np.cos(turn * 17.0)
    lift = np.sin(turn)
    half_width = (
        drawing.face_half_width + 0.004 + (0.018 + 0.45 * volume) * np.minimum(1.0, lift / 0.55) ** 0.8 + ripple
    )
    height = _EAR_Y - 0.165 + volume + ripple
    x = 0.5 - half_width * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.86
    y = _EAR_Y - 0.005 - height * lift**0.80
    return along(x, y)


def _hairline(drawing: Drawing) -> Points:
    """Where hair meets skin, from the left ear to the right ear."""
    side = np.abs(_ACROSS)
    drop = (_EAR_Y + 0.01 - drawing.hairline_y) * side**5
    swoop = -0.030 * np.exp(-(((_ACROSS - 0.32 * drawing.hair_part) / 0.5) ** 2)) * (1.0 - drawing.receding)
    bare = -0.17 * drawing.receding * np.exp(-(((side - 0.60) / 0.32) ** 2))
    y = drawing.hairline_y + drop + swoop + bare - 0.006 * drawing.receding
    outer = _outer(drawing)
    x = 0.5 + (drawing.face_half_width - 0.004) * np.sign(_ACROSS) * side**0.9
    hair_floor = np.interp(x, outer[:, 0], outer[:, 1]) + 0.018
    skull_floor = skull_y_at(drawing, x) + 0.014
    return along(x, np.maximum(y, np.maximum(hair_floor, skull_floor)))


def _cap(drawing: Drawing) -> Points:
    return np.concatenate([_outer(drawing), _hairline(drawing)[::-1]])


def _fill_hair(brush: Brush, drawing: Drawing, shape: Points) -> None:
    colors = (mix(drawing.hair, (1.0, 1.0, 1.0), 0.10), drawing.hair, shade(drawing.hair, 0.76))
    brush.fill_radial(polygon(shape), (0.42, 0.16), 0.42, colors, [0.0, 0.45, 1.0])


def _paint_bangs(brush: Brush, drawing: Drawing) -> None:
    reach = 0.80 - 0.32 * drawing.receding
    x = np.linspace(-reach, reach, 91)
    half_width = drawing.face_half_width
    top = np.full_like(x, drawing.hairline_y - 0.065)
    end = 0.428 - 0.05 * np.abs(x / reach) ** 4
    locks = 0.020 * np.abs(np.sin(np.pi * (x / reach * 2.5 + 0.5))) ** 0.7
    bottom = top + (end + locks - 0.018 - top) * drawing.bangs
    shape = np.concatenate([along(0.5 + half_width * x, top), along(0.5 + half_width * x, bottom)[::-1]])
    dark = shade(drawing.hair, 0.74)
    edge = along(0.5 + half_width * x, bottom + 0.006)
    brush.stroke(polyline(edge), (0.20, 0.08, 0.04), 0.014, 0.30 * drawing.bangs, 0.008)
    _fill_hair(brush, drawing, shape)
    with brush.clipped(polygon(shape)):
        for place in (-0.6, -0.2, 0.2, 0.6):
            lock = along(
                np.array([0.5 + 0.75 * half_width * reach * place, 0.5 + half_width * reach * place]),
                np.array([0.31, 0.45]),
            )
            brush.stroke(polyline(lock), dark, 0.006, 0.65 * drawing.bangs, 0.003)


def _long_hair(drawing: Drawing) -> Points:
    end = 0.56 + 0.42 * drawing.hair_length
    y = np.linspace(0.28, end, 60)
    t = (y - 0.28) / (end - 0.28)
    half = drawing.face_half_width + 0.026 + 0.45 * drawing.hair_volume + 0.026 * np.sin(np.pi * t * 0.7)
    half = half + 0.012 * drawing.hair_wave * np.sin(y * 60.0)
    crown = 0.80 + 0.20 * np.clip((y - 0.28) / 0.16, 0.0, 1.0) ** 0.7
    tips = np.clip((end - y) / 0.07, 0.0, 1.0)
    half = half * crown * (0.72 + 0.28 * np.sqrt(1.0 - (1.0 - tips) ** 2))
    return np.concatenate([along(0.5 - half, y), along(0.5 + half, y)[::-1]])


def _sideburn(drawing: Drawing) -> Points:
    end = 0.50 + 0.22 * (0.35 + 0.65 * drawing.sideburns)
    y = np.linspace(0.40, end, 40)
    t = (y - 0.40) / (end - 0.40)
    edge = 0.5 + face_half_width_at(drawing, y) + 0.003
    width = 0.056 * np.clip(t / 0.35, 0.0, 1.0) ** 0.6 * np.clip((1.0 - t) / 0.15, 0.0, 1.0) ** 0.5
    return np.concatenate([along(edge, y), along(edge - width, y)[::-1]])


def _goatee(drawing: Drawing) -> Points:
    x = np.linspace(-1.0, 1.0, 41)
    lowest_lip = MOUTH_Y + max(0.0, drawing.mouth_lower_dy) + 0.5 * drawing.lip_height
    top = lowest_lip + 0.026 - 0.012 * np.abs(x) ** 2
    bottom = drawing.chin_y + 0.026 - 0.070 * np.abs(x) ** 3
    bottom = np.maximum(bottom, top)
    return np.concatenate([along(0.5 + 0.098 * x, top), along(0.5 + 0.098 * x, bottom)[::-1]])


def _mustache(drawing: Drawing) -> Points:
    x = np.linspace(-1.0, 1.0, 61)
    side = np.abs(x)
    lip = MOUTH_Y + drawing.mouth_upper_dy - 0.5 * drawing.lip_height
    corner = 0.5 * (drawing.mouth_corner_dy - drawing.mouth_upper_dy) * side**2
    top = lip - 0.036 + 0.012 * np.exp(-((x / 0.12) ** 2)) + 0.034 * side**2 + corner
    bottom = lip + 0.003 + 0.016 * side**2 - 0.010 * np.exp(-((x / 0.10) ** 2)) + corner
    tip = np.clip((1.0 - side) / 0.12, 0.0, 1.0) ** 0.5
    middle = (top + bottom) / 2.0
    half = (bottom - top) / 2.0 * tip
    points_x = 0.5 + 0.105 * x
    return np.concatenate([along(points_x, middle - half), along(points_x, middle + half)[::-1]])
