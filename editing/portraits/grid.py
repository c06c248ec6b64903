"""Every value at a glance: people as they are, and with each of the 21 values, with its name above."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from .factors import VALUES, Portrait, with_state
from .renderer import render

TILE_PX, LABEL_PX, TEXT_PX, COLUMNS = 160, 20, 13, 11
PAPER, INK = "white", (40, 40, 40)
PLAIN = ("no smiling", "no bangs", "no beard", "no makeup")
"""What a person is given first, so that every value shows by itself."""


def value_grid(people: Sequence[Portrait]) -> Image.Image:
    """Two rows of eleven tiles for each person."""
    if not people:
        raise ValueError("people must not be empty")
    tiles = [tile for person in people for tile in _tiles(with_state(person, PLAIN))]
    rows = len(tiles) // COLUMNS
    grid = Image.new("RGB", (COLUMNS * TILE_PX, rows * (LABEL_PX + TILE_PX)), PAPER)
    draw, font = ImageDraw.Draw(grid), ImageFont.load_default(TEXT_PX)
    for number, (label, portrait) in enumerate(tiles):
        left, top = number % COLUMNS * TILE_PX, number // COLUMNS * (LABEL_PX + TILE_PX)
        draw.text((left + TILE_PX // 2, top + LABEL_PX // 2), label, fill=INK, font=font, anchor="mm")
        grid.paste(Image.fromarray(render(portrait, TILE_PX)), (left, top + LABEL_PX))
    return grid


def _tiles(person: Portrait) -> list[tuple[str, Portrait]]:
    return [("as they are", person), *((value, with_state(person, [value])) for value in VALUES)]
