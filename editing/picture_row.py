"""Pictures side by side, as people compare them."""

from collections.abc import Sequence

from PIL import Image

GAP_PX = 4


def picture_row(pictures: Sequence[Image.Image]) -> Image.Image:
    """One RGB picture with all of them from left to right on white, scaled to the height of the tallest."""
    if not pictures:
        raise ValueError("pictures must not be empty")
    height = max(picture.height for picture in pictures)
    scaled = [picture.resize((round(picture.width * height / picture.height), height)) for picture in pictures]
    width = sum(picture.width for picture in scaled) + GAP_PX * (len(scaled) - 1)
    row = Image.new("RGB", (width, height), "white")
    left = 0
    for picture in scaled:
        row.paste(picture, (left, 0))
        left += picture.width + GAP_PX
    return row
