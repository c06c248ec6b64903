import contextlib
import io
import pickle
import struct
import zlib

import numpy as np
import pytest
import torch
from chatedit.editing import image_errors
from chatedit.editing.errors import RetryableCall
from chatedit.editing.image_file import ImageLimits, decode, to_image, to_png, to_tensor
from PIL import Image

RED, BLUE = (200, 30, 40), (20, 40, 210)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def two_halves(mode: str = "RGB") -> Image.Image:
    """64 x 48 pixels, red on the left, blue on the right."""
    image = Image.new("RGB", (64, 48), RED)
    image.paste(BLUE, (32, 0, 64, 48))
    return image.convert(mode)


def png(width: int, height: int, bits: int, rows: bytes) -> bytes:
    """A colour PNG of this size, with whatever rows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def colours(image: Image.Image) -> tuple:
    assert image.mode == "RGB"
    return image.getpixel((8, 24)), image.getpixel((image.width - 8, 24))


def is_near(colour, other, tolerance: int = 6) -> bool:
    return max(abs(a - b) for a, b in zip(colour, other, strict=True)) <= tolerance


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_common_formats_decode_to_the_picture(kind):
    left, right = colours(decode(encoded(two_halves(), kind)))
    assert is_near(left, RED)
    assert is_near(right, BLUE)


def test_cmyk_decodes_to_its_colours():
    left, right = colours(decode(encoded(two_halves("CMYK"), "JPEG", quality=95)))
    assert is_near(left, RED, 12)
    assert is_near(right, BLUE, 12)


def test_sixteen_bit_gray_keeps_its_brightness():
    ramp = np.tile(np.linspace(0, 65535, 64, dtype=np.uint16), (48, 1))
    image = decode(encoded(Image.fromarray(ramp)))
    assert image.getpixel((0, 0)) == (0, 0, 0)
    assert image.getpixel((63, 0)) == (255, 255, 255)
    assert is_near(image.getpixel((32, 0)), (130, 130, 130), 2)


def test_sixteen_bit_colour_keeps_its_colours():
    rows = b"".join(b"\0" + struct.pack(">3H", 0xFFFF, 0x8000, 0) * 40 for _ in range(40))
    assert is_near(decode(png(40, 40, 16, rows)).getpixel((5, 5)), (255, 128, 0), 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_on_white(mode):
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0)).convert(mode)
    assert decode(encoded(image)).getpixel((5, 5)) == (255, 255, 255)


def test_half_transparent_black_is_gray():
    assert is_near(decode(encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 128)))).getpixel((5, 5)), (127, 127, 127), 1)


def test_a_transparent_palette_lies_on_white():
    image = Image.new("P", (40, 40), 0)
    image.putpalette([0, 0, 0, *RED])
    assert decode(encoded(image, transparency=0)).getpixel((5, 5)) == (255, 255, 255)


def test_exif_rotation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise
    image = decode(encoded(two_halves(), "JPEG", exif=exif, quality=95))
    assert image.size == (48, 64)
    assert is_near(image.getpixel((24, 8)), RED)
    assert is_near(image.getpixel((24, 56)), BLUE)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_of_an_animation_the_first_frame_is_taken(kind):
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, BLUE, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert is_near(decode(data).getpixel((5, 5)), RED, 10)


def test_an_embedded_colour_profile_is_turned_into_srgb():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    left, _ = colours(decode(encoded(two_halves(), icc_profile=profile)))
    assert is_near(left, RED, 2)


def test_a_broken_colour_profile_does_not_matter():
    left, _ = colours(decode(encoded(two_halves(), icc_profile=b"nonsense" * 20)))
    assert is_near(left, RED, 2)


@pytest.mark.parametrize("size", [(40_000, 40_000), (12_000, 12_000), (9_000, 6_000)])
def test_a_decompression_bomb_is_refused_before_decoding(size):
    with pytest.raises(image_errors.TooManyPixels, match="million pixels"):
        decode(png(*size, bits=8, rows=bytes(1000)))


def test_a_file_of_too_many_bytes_is_refused():
    with pytest.raises(image_errors.ImageFileTooLarge):
        decode(encoded(two_halves()), ImageLimits(max_bytes=100))


@pytest.mark.parametrize("size", [(8, 8), (500, 8), (31, 400)])
def test_a_tiny_picture_is_refused(size):
    with pytest.raises(image_errors.ImageTooSmall, match="at least 32"):
        decode(encoded(Image.new("RGB", size)))


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", bytes(500)]
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(image_errors.NotAnImage, match="JPEG"):
        decode(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(kind, share):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    with pytest.raises((image_errors.ImageDamaged, image_errors.NotAnImage)):
        decode(data[: int(len(data) * share)])


def test_flipped_bytes_give_a_picture_or_a_typed_error():
    data = encoded(two_halves())
    random = np.random.default_rng(1)
    for _ in range(200):
        damaged = bytearray(data)
        for place in random.integers(0, len(data), 3):
            damaged[place] = int(random.integers(0, 256))
        with contextlib.suppress(image_errors.BadImage):
            assert decode(bytes(damaged)).mode == "RGB"


def test_floating_point_pixels_are_refused():
    with pytest.raises(image_errors.UnsupportedPixels):
        decode(encoded(Image.new("F", (40, 40), 0.5), "TIFF"))


def test_the_tensor_is_the_centre_square_in_minus_one_to_one():
    image = Image.new("RGB", (96, 32), "black")
    image.paste((255, 255, 255), (32, 0, 64, 32))
    tensor = to_tensor(image, 16)
    assert tensor.shape == (1, 3, 16, 16)
    assert torch.equal(tensor[..., 1:-1], torch.ones(1, 3, 16, 14))  # the outermost columns blend with their neighbours


def test_a_picture_survives_the_way_through_tensor_and_png():
    image = two_halves().crop((8, 0, 56, 48))
    assert np.array_equal(np.asarray(decode(to_png(to_tensor(image, 48)[0]))), np.asarray(image))


def test_values_beyond_the_range_are_clamped():
    assert to_image(torch.full((3, 2, 2), 7.0)).getpixel((0, 0)) == (255, 255, 255)


ERRORS = [
    image_errors.NotAnImage(("PNG",)),
    image_errors.ImageDamaged("truncated"),
    image_errors.ImageFileTooLarge(30_000_000, 20_000_000),
    image_errors.TooManyPixels(50_000_000),
    image_errors.ImageTooSmall(8, 8, 32),
    image_errors.UnsupportedPixels("F"),
    image_errors.OutOfDomain("drawings", "the models cannot redraw it", "use a drawing"),
    image_errors.NoFace(),
    image_errors.SeveralFaces(2),
    image_errors.FaceTooSmall(20, 64),
    image_errors.FaceCutOff(0.4),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_image_errors_survive_a_pickle_and_ask_for_another_picture(error):
    copy = pickle.loads(pickle.dumps(error))
    assert repr(copy) == repr(error)
    assert str(copy) == str(error) != ""
    assert isinstance(error, RetryableCall)


@pytest.mark.parametrize("tail", [b"<?php system('ls'); ?>", b"<SCRIPT >alert(1)</script>", b"Rar!\x1a\x07\x01\x00"])
def test_a_picture_that_is_something_else_too_is_refused(tail):
    with pytest.raises(image_errors.NotOnlyAnImage, match="at once"):
        decode(encoded(two_halves(), "JPEG") + tail)


@pytest.mark.parametrize("tail", [bytes(1000), b"<3 from my phone", encoded(two_halves(), "JPEG")])
def test_what_phones_leave_behind_a_picture_is_ignored(tail):
    assert is_near(colours(decode(encoded(two_halves(), "JPEG") + tail))[0], RED)


def test_a_png_with_any_wrong_checksum_is_damaged():
    data = bytearray(encoded(two_halves()))
    data[-20] ^= 1  # the checksum of the pixels, which the decoder does not look at
    with pytest.raises(image_errors.ImageDamaged, match="damaged"):
        decode(bytes(data))
