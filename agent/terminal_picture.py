"""A picture in the terminal: two pixels a character, which any terminal with colours can show."""

import io

from PIL import Image
from rich.color import Color
from rich.segment import Segment
from rich.segment import Segments as Rendered
from rich.style import Style

UPPER_HALF = "▀"


def terminal_picture(pictures: list[bytes], width: int = 48) -> Rendered:
    """Pictures (bytes of files) side by side, each `width` characters wide and half as many lines high."""
    images = [Image.open(io.BytesIO(data)).convert("RGB").resize((width, width)) for data in pictures]
    segments: list[Segment] = []
    for row in range(0, width - 1, 2):
        for image in images:
            for column in range(width):
                upper = Color.from_rgb(*image.getpixel((column, row)))  # type: ignore[misc]
                lower = Color.from_rgb(*image.getpixel((column, row + 1)))  # type: ignore[misc]
                segments.append(Segment(UPPER_HALF, Style(color=upper, bgcolor=lower)))
            segments.append(Segment("  "))
        segments.append(Segment.line())
    return Rendered(segments)
