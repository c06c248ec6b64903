"""A thin layer over skia: paths from points, flat, graded and blurred fills on a canvas of side 1."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import skia

from .drawing import Color

Points = np.ndarray
"""float [n, 2], x and y in units of the image side."""


ZOOM = 1.12
ZOOM_CENTER = (0.5, 0.56)
"""The face fills the picture as it does in FFHQ."""


class Brush:
    """Draws on one picture; coordinates in units of its side, colours RGB in [0, 1]."""

    def __init__(self, size_px: int) -> None:
        self._pixels = np.zeros((size_px, size_px, 4), dtype=np.uint8)
        self._surface = skia.Surface(self._pixels)
        self._canvas = self._surface.getCanvas()
        self._canvas.scale(size_px, size_px)
        self._canvas.translate(*(center * (1.0 - ZOOM) for center in ZOOM_CENTER))
        self._canvas.scale(ZOOM, ZOOM)

    def fill(self, path: skia.Path, color: Color, alpha: float = 1.0, blur: float = 0.0) -> None:
        """Fill a path; `blur` is the sigma of its soft edge."""
        if alpha > 0.0:
            self._canvas.drawPath(path, self._paint(color, alpha, blur))

    def stroke(self, path: skia.Path, color: Color, width: float, alpha: float = 1.0, blur: float = 0.0) -> None:
        """Draw a line with round ends along a path."""
        if alpha > 0.0 and width > 0.0:
            paint = self._paint(color, alpha, blur)
            paint.setStyle(skia.Paint.kStroke_Style)
            paint.setStrokeWidth(width)
            paint.setStrokeCap(skia.Paint.kRound_Cap)
            paint.setStrokeJoin(skia.Paint.kRound_Join)
            self._canvas.drawPath(path, paint)

    def fill_radial(
        self, path: skia.Path, center: tuple[float, float], radius: float, colors: Iterable[Color], stops: list[float]
    ) -> None:
        """Fill a path with colours that change with the distance from `center`."""
        paint = skia.Paint(AntiAlias=True)
        paint.setShader(
            skia.GradientShader.MakeRadial(skia.Point(*center), radius, [_argb(c, 1.0) for c in colors], stops)
        )
        self._canvas.drawPath(path, paint)

    def fill_vertical(self, path: skia.Path, top: float, bottom: float, colors: Iterable[Color]) -> None:
        """Fill a path with colours that change from `top` to `bottom`."""
        points = [skia.Point(0.0, top), skia.Point(0.0, bottom)]
        paint = skia.Paint(AntiAlias=True)
        paint.setShader(skia.GradientShader.MakeLinear(points, [_argb(c, 1.0) for c in colors]))
        self._canvas.drawPath(path, paint)

    @contextmanager
    def clipped(self, path: skia.Path) -> Iterator[None]:
        """Everything drawn inside the block stays inside the path."""
        self._canvas.save()
        self._canvas.clipPath(path, skia.ClipOp.kIntersect, True)
        try:
            yield
        finally:
            self._canvas.restore()

    def picture(self) -> np.ndarray:
        """What was drawn so far, uint8 [S, S, 3]."""
        self._surface.flushAndSubmit()
        channels = (2, 1, 0) if skia.kN32_ColorType == skia.kBGRA_8888_ColorType else (0, 1, 2)
        return np.ascontiguousarray(self._pixels[..., channels])

    @staticmethod
    def _paint(color: Color, alpha: float, blur: float) -> skia.Paint:
        paint = skia.Paint(AntiAlias=True, Color=_argb(color, alpha))
        if blur > 0.0:
            paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
        return paint


def polygon(points: Points) -> skia.Path:
    """Closed path through dense points."""
    path = skia.Path()
    path.addPoly([skia.Point(x, y) for x, y in points.tolist()], True)
    return path


def polyline(points: Points) -> skia.Path:
    """Open path through dense points."""
    path = skia.Path()
    path.addPoly([skia.Point(x, y) for x, y in points.tolist()], False)
    return path


def ellipse(x: float, y: float, half_width: float, half_height: float) -> skia.Path:
    """Path of an ellipse."""
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - half_width, y - half_height, x + half_width, y + half_height))
    return path


def rectangle(left: float, top: float, right: float, bottom: float) -> skia.Path:
    """Path of a rectangle."""
    path = skia.Path()
    path.addRect(skia.Rect.MakeLTRB(left, top, right, bottom))
    return path


def along(x: np.ndarray, y: np.ndarray) -> Points:
    """Points [n, 2] from their coordinates."""
    return np.stack([x, y], axis=1)


def mirrored(points: Points) -> Points:
    """The same points on the other side of the face."""
    return np.stack([1.0 - points[:, 0], points[:, 1]], axis=1)


def _argb(color: Color, alpha: float) -> int:
    red, green, blue = (round(255 * min(1.0, max(0.0, channel))) for channel in color)
    return skia.ColorSetARGB(round(255 * alpha), red, green, blue)
