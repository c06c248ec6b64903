from collections.abc import Callable

import numpy as np
import pytest
from chatedit.editing import image_errors
from chatedit.editing.alignment import align_face, choose_face, crop_quad, ffhq_quad, outside_share
from chatedit.editing.face_detector import Face
from PIL import Image, ImageDraw

Point = tuple[float, float]


def face(scale: float = 1.0, shift: Point = (0.0, 0.0), degrees: float = 0.0) -> Face:
    """Eyes 20 apart, mouth 25 below them, around (50, 50); then turned about there, scaled and shifted."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def place(x: float, y: float) -> Point:
        moved = (turn @ np.array([x - 50, y - 50]) + 50) * scale + np.array(shift)
        return float(moved[0]), float(moved[1])

    left, top = place(30, 30)
    right, bottom = place(70, 85)
    return Face((left, top, right, bottom), 0.99, place(40, 50), place(60, 50), place(43, 75), place(57, 75))


def finder(*faces: Face) -> Callable[[Image.Image], list[Face]]:
    return lambda image: list(faces)


def dotted(size: tuple[int, int], dots: dict[tuple[int, int], str]) -> Image.Image:
    image = Image.new("RGB", size, "gray")
    draw = ImageDraw.Draw(image)
    for (x, y), colour in dots.items():
        draw.ellipse((x - 8, y - 8, x + 8, y + 8), fill=colour)
    return image


def test_the_crop_of_a_hand_worked_face():
    # across: (20, 0) + (25, 0), its length set to max(2 * 20, 1.8 * 25) = 45; centre (50, 50 + 0.1 * 25)
    assert np.allclose(ffhq_quad(face()), [[5, 7.5], [5, 97.5], [95, 97.5], [95, 7.5]])


def test_the_crop_turns_with_the_face():
    turned = ffhq_quad(face(degrees=90)) - 50
    assert np.allclose(turned, (ffhq_quad(face()) - 50) @ np.array([[0, 1], [-1, 0]]))


def test_the_crop_scales_and_moves_with_the_face():
    assert np.allclose(ffhq_quad(face(3, (7, 9))), 3 * ffhq_quad(face()) + np.array([7, 9]))


def test_a_crop_shows_what_lies_between_its_corners():
    image = dotted((400, 300), {(120, 100): "red", (200, 180): "blue"})
    quad = np.array([[100, 80], [100, 200], [220, 200], [220, 80]], dtype=float)
    crop = crop_quad(image, quad, 60)  # half the scale: red at (10, 10), blue at (50, 50)
    assert crop.size == (60, 60)
    assert crop.getpixel((10, 10)) == (255, 0, 0)
    assert crop.getpixel((50, 50)) == (0, 0, 255)


@pytest.mark.parametrize("degrees", [0, 25, -40, 90])
def test_a_turned_photo_gives_the_same_crop(degrees):
    upright = face(4, (100, 80))
    image = dotted((600, 600), {tuple(round(x) for x in upright.left_eye): "red"})
    draw = ImageDraw.Draw(image)
    draw.ellipse([upright.left_mouth[0] - 9, upright.left_mouth[1] - 9, *(x + 9 for x in upright.left_mouth)], "blue")
    centre = (4 * 50 + 100, 4 * 50 + 80)
    turned = image.rotate(-degrees, Image.Resampling.BICUBIC, center=centre, fillcolor="gray")
    expected = align_face(image, 128, finder(upright))
    actual = align_face(turned, 128, finder(face(4, (100, 80), degrees)))
    difference = np.abs(np.asarray(expected, float) - np.asarray(actual, float))
    assert difference.mean() < 2.0


def test_a_huge_photo_is_reduced_before_it_is_sampled():
    image = dotted((4000, 4000), {(2000, 2000): "red"})
    quad = np.array([[1000, 1000], [1000, 3000], [3000, 3000], [3000, 1000]], dtype=float)
    centre = crop_quad(image.resize((4000, 4000)), quad, 250).getpixel((125, 125))
    assert centre[0] > 200
    assert centre[1] < 60


def test_margins_outside_the_photo_are_reflected():
    image = Image.new("RGB", (200, 200), (10, 120, 30))
    quad = np.array([[-40, 20], [-40, 180], [120, 180], [120, 20]], dtype=float)
    assert np.abs(np.asarray(crop_quad(image, quad, 64), float) - [10, 120, 30]).max() < 3


def test_the_share_outside_is_that_of_the_area():
    quad = np.array([[-50, 0], [-50, 100], [50, 100], [50, 0]], dtype=float)
    assert outside_share(quad, (100, 100)) == pytest.approx(0.5, abs=0.02)
    assert outside_share(quad + np.array([50, 0]), (100, 100)) == 0.0


def test_no_face_is_an_error():
    with pytest.raises(image_errors.NoFace):
        align_face(Image.new("RGB", (400, 400)), 64, finder())


def test_two_faces_of_a_size_are_an_error():
    with pytest.raises(image_errors.SeveralFaces, match="2 faces"):
        align_face(Image.new("RGB", (900, 500)), 64, finder(face(3), face(3, (400, 0))))


def test_small_faces_in_the_background_do_not_count():
    large = face(4, (50, 50))
    assert choose_face([face(1), large, face(1.5, (300, 0))]) is large


def test_a_tiny_face_is_an_error():
    with pytest.raises(image_errors.FaceTooSmall, match="90 pixels, 128"):
        align_face(Image.new("RGB", (400, 400)), 64, finder(face(1, (100, 100))))


def test_a_head_that_is_mostly_outside_is_an_error():
    with pytest.raises(image_errors.FaceCutOff, match="%"):
        align_face(Image.new("RGB", (400, 400)), 64, finder(face(4, (-180, 0))))


def test_landmarks_outside_the_photo_are_an_error():
    with pytest.raises(image_errors.FaceCutOff):
        align_face(Image.new("RGB", (1000, 245)), 64, finder(face(3, (300, 25))))
