"""Uploads: decoded safely, stripped of metadata, kept as PNG of a bounded size."""

import io
from dataclasses import dataclass
from threading import BoundedSemaphore

from PIL import Image

from ..editing.image_file import ImageLimits, decode

STORED_SIDE_PX = 2048  # the models see at most 1024
_decoders = BoundedSemaphore(2)  # a picture of 50 million pixels takes 150 MB while it is decoded


@dataclass(frozen=True, slots=True)
class CleanImage:
    """A picture without anything but its pixels: bytes of a PNG file, width and height in pixels."""

    png: bytes
    width: int
    height: int


def cleaned(data: bytes, limits: ImageLimits) -> CleanImage:
    """Upright sRGB picture of an uploaded file, at most `STORED_SIDE_PX` on a side; equal files give equal bytes.

    Raises:
        BadImage: the file is no usable picture.
    """
    with _decoders:
        image = decode(data, limits)
        image.thumbnail((STORED_SIDE_PX, STORED_SIDE_PX), Image.Resampling.LANCZOS)
        pixels = Image.frombytes(image.mode, image.size, image.tobytes())  # leaves EXIF, XMP and comments behind
        buffer = io.BytesIO()
        pixels.save(buffer, format="PNG", compress_level=3)
    return CleanImage(buffer.getvalue(), *pixels.size)
