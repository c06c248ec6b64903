"""Uploaded bytes -> picture, and tensor -> PNG.  Files come from strangers: every limit is checked before decoding."""

import io
import struct
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps
from torch import Tensor

from .image_errors import (
    ImageDamaged,
    ImageFileTooLarge,
    ImageTooSmall,
    NotAnImage,
    NotOnlyAnImage,
    TooManyPixels,
    UnsupportedPixels,
)
from .polyglots import other_type

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # JPEG includes the multi-picture files of phones
SIXTEEN_BIT_STEP = 257  # 65535 / 255
DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a picture may be: bytes of the file, width times height, and its smaller side in pixels."""

    max_bytes: int = 20_000_000
    max_pixels: int = 50_000_000
    min_side_px: int = 32


DEFAULT_LIMITS = ImageLimits()


def decode(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Image.Image:
    """RGB picture with 8 bits a channel, upright.

    The header alone is read before size and pixel count are checked, so that a decompression bomb is refused unread.
    Transparency is laid on white, EXIF rotation is applied, an embedded colour profile is turned into sRGB, 16 bits
    become 8.  Of an animation, or of a file with several pictures, the first picture is taken.

    Raises:
        NotAnImage, NotOnlyAnImage, ImageDamaged, ImageFileTooLarge, TooManyPixels, ImageTooSmall, UnsupportedPixels
    """
    if len(data) > limits.max_bytes:
        raise ImageFileTooLarge(len(data), limits.max_bytes)
    image = _open(data, limits)
    width, height = image.size
    if width * height > limits.max_pixels:
        raise TooManyPixels(limits.max_pixels)
    if min(width, height) < limits.min_side_px:
        raise ImageTooSmall(width, height, limits.min_side_px)
    if (other := other_type(data)) is not None:
        raise NotOnlyAnImage(other)
    try:
        if image.format == "PNG":
            _open(data, limits).verify()  # all checksums and lengths; the decoder looks at some of them only
        image.load()
        return _as_rgb(ImageOps.exif_transpose(image))
    except (*DECODER_ERRORS, struct.error) as error:
        raise ImageDamaged(str(error) or type(error).__name__) from error


def to_tensor(image: Image.Image, size: int) -> Tensor:
    """float32 [1, 3, size, size] in [-1, 1] of the largest centred square of an RGB picture."""
    square = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)  # averages where it shrinks
    pixels = torch.from_numpy(np.array(square, dtype=np.float32))
    return pixels.permute(2, 0, 1)[None] / 127.5 - 1.0


def to_image(picture: Tensor) -> Image.Image:
    """RGB picture of a tensor [3, H, W], clamped to [-1, 1]."""
    if picture.dim() != 3 or picture.shape[0] != 3:
        raise ValueError(f"picture must be [3, H, W], not {list(picture.shape)}")
    pixels = ((picture.detach().float().cpu().clamp(-1.0, 1.0) + 1.0) * 127.5).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())


def to_png(picture: Tensor) -> bytes:
    """PNG file of a tensor [3, H, W] in [-1, 1]."""
    buffer = io.BytesIO()
    to_image(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def _open(data: bytes, limits: ImageLimits) -> Image.Image:
    """Read the header."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(limits.max_pixels) from error
    except Image.UnidentifiedImageError as error:
        raise NotAnImage(FORMATS) from error
    except (*DECODER_ERRORS, struct.error) as error:
        raise ImageDamaged(str(error) or type(error).__name__) from error


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _sixteen_bit_as_rgb(image)
    if image.mode == "F":
        raise UnsupportedPixels(image.mode)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return _in_srgb(image) or image.convert("RGB")


def _sixteen_bit_as_rgb(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image).astype(np.int64)
    if pixels.min() < 0 or pixels.max() > 0xFFFF:
        raise UnsupportedPixels(image.mode)
    return Image.fromarray(((pixels + SIXTEEN_BIT_STEP // 2) // SIXTEEN_BIT_STEP).astype(np.uint8)).convert("RGB")


def _in_srgb(image: Image.Image) -> Image.Image | None:
    """The picture in sRGB, or None where its colour profile is absent or of no use."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(cast(bytes, profile)))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):  # a broken profile makes no picture unreadable
        return None
