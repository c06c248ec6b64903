"""On a photograph in the public domain that matplotlib brings along; needs the extra `align`."""

import numpy as np
import pytest
from chatedit.editing import face_detector
from chatedit.editing.alignment import align_face
from chatedit.editing.face_detector import detect_faces
from chatedit.editing.image_errors import FaceTooSmall, NoFace, SeveralFaces
from chatedit.editing.pack_errors import AlignmentUnavailable
from matplotlib import cbook
from PIL import Image


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Grace Hopper, 512 x 600, one face: eyes near (220, 190) and (310, 186), mouth near (268, 278)."""
    with Image.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as image:
        return image.convert("RGB")


def test_the_face_and_its_landmarks_are_found(photo):
    (found,) = detect_faces(photo)
    assert found.score > 0.95
    assert np.allclose(found.left_eye, (220, 191), atol=8)
    assert np.allclose(found.right_eye, (309, 186), atol=8)
    mouth = np.add(found.left_mouth, found.right_mouth) / 2
    assert np.allclose(mouth, (268, 279), atol=10)


def test_the_aligned_face_stands_where_ffhq_has_it(photo):
    (found,) = detect_faces(align_face(photo, 256))
    assert np.allclose(found.left_eye, (97, 120), atol=10)
    assert np.allclose(found.right_eye, (158, 120), atol=10)


def test_a_turned_photo_is_turned_back(photo):
    turned = photo.rotate(15, Image.Resampling.BICUBIC, expand=True)
    (found,) = detect_faces(align_face(turned, 256))
    assert abs(found.left_eye[1] - found.right_eye[1]) < 8


def test_two_people_are_counted(photo):
    both = Image.new("RGB", (1024, 600))
    both.paste(photo, (0, 0))
    both.paste(photo, (512, 0))
    with pytest.raises(SeveralFaces, match="2 faces"):
        align_face(both, 256)


def test_a_face_far_away_is_too_small(photo):
    with pytest.raises(FaceTooSmall):
        align_face(photo.resize((128, 150)), 256)


@pytest.mark.parametrize("kind", ["plain", "noise"])
def test_no_face_is_seen_where_there_is_none(kind):
    pixels = (
        np.full((300, 400, 3), 127) if kind == "plain" else np.random.default_rng(0).integers(0, 256, (300, 400, 3))
    )
    with pytest.raises(NoFace):
        align_face(Image.fromarray(pixels.astype(np.uint8)), 256)


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch, photo):
    monkeypatch.setattr(face_detector, "find_spec", lambda name: None)
    face_detector._load_networks.cache_clear()
    with pytest.raises(AlignmentUnavailable, match=r"chatedit\[align\]"):
        detect_faces(photo)
