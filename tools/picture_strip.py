"""A conversation as one picture: what was said above, what came of it below."""

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from ..editing.credential_check import check_credentials
from ..editing.credential_errors import NoCredentials
from ..editing.credentials import ContentCredentials
from ..editing.image_errors import NotAnImage

TILE_PX, GAP_PX, TEXT_PX, LINE_PX, NUM_LINES = 256, 8, 14, 18, 3
PAPER, INK = "white", (40, 40, 40)


class Tile(NamedTuple):
    """A picture (bytes of a file) with the words above it."""

    picture: bytes
    words: str


def write_strip(tiles: Sequence[Tile], path: Path) -> None:
    """Write the tiles from left to right as one PNG. Raises: as `strip_png`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(strip_png(tiles))


def strip_png(tiles: Sequence[Tile]) -> bytes:
    """The tiles from left to right as one PNG.

    Raises:
        ValueError: there are no tiles.
    """
    if not tiles:
        raise ValueError("tiles must not be empty")
    top = LINE_PX * NUM_LINES + GAP_PX
    strip = Image.new("RGB", (len(tiles) * (TILE_PX + GAP_PX) + GAP_PX, top + TILE_PX + GAP_PX), PAPER)
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(TEXT_PX)
    for column, tile in enumerate(tiles):
        left = GAP_PX + column * (TILE_PX + GAP_PX)
        for row, line in enumerate(_lines(tile.words)):
            draw.text((left, row * LINE_PX + GAP_PX // 2), line, fill=INK, font=font)
        picture = Image.open(io.BytesIO(tile.picture)).convert("RGB")
        strip.paste(picture.resize((TILE_PX, TILE_PX), Image.Resampling.LANCZOS), (left, top))
    buffer = io.BytesIO()
    strip.save(buffer, format="PNG")
    return _credited(buffer.getvalue(), tiles)


def _credited(png: bytes, tiles: Sequence[Tile]) -> bytes:
    """The strip with content credentials that say what the last of its edited pictures says."""
    for tile in reversed(tiles):
        try:
            report = check_credentials(tile.picture)
        except (NoCredentials, NotAnImage):
            continue
        if report.is_valid and report.belief_state is not None:
            return ContentCredentials().signed(png, report.belief_state, report.pack)
    return png


def _lines(words: str) -> list[str]:
    lines = textwrap.wrap(words, width=36)
    if len(lines) > NUM_LINES:
        lines = [*lines[: NUM_LINES - 1], f"{lines[NUM_LINES - 1][:33]}..."]
    return lines
