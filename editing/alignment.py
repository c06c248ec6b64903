"""The crop of FFHQ (Karras et al., arXiv:1812.04948, appendix A): a square turned and scaled by eyes and mouth."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageFilter

from .face_detector import Face, detect_faces
from .image_errors import FaceCutOff, FaceTooSmall, NoFace, SeveralFaces

EYE_SPAN, MOUTH_SPAN, DROP = 2.0, 1.8, 0.1  # of the published recipe
OVERSAMPLING = 4  # published: sampled at 4096 px for 1024
MIN_CROP_PX = 128
MAX_OUTSIDE = 0.3  # share of the crop that may lie outside the photo; FFHQ itself fills margins by reflection
BYSTANDER = 0.5  # a face less than this share of the largest one's side is in the background
BLUR = 0.02  # of the crop's side; softens what is made up by reflection

Detector = Callable[[Image.Image], list[Face]]


def align_face(image: Image.Image, size: int, detect: Detector = detect_faces) -> Image.Image:
    """RGB picture [size, size] of the one face in a photo, cropped as FFHQ is.

    Raises:
        NoFace, SeveralFaces, FaceTooSmall, FaceCutOff
        AlignmentUnavailable: the extra `align` is not installed.
    """
    face = choose_face(detect(image))
    quad = ffhq_quad(face)
    check_quad(quad, face, image.size)
    return crop_quad(image, quad, size)


def choose_face(faces: Sequence[Face]) -> Face:
    """The one large face; small ones behind it do not count.

    Raises:
        NoFace, SeveralFaces
    """
    if not faces:
        raise NoFace
    largest = max(faces, key=lambda face: face.side)
    count = sum(face.side >= BYSTANDER * largest.side for face in faces)
    if count > 1:
        raise SeveralFaces(count)
    return largest


def ffhq_quad(face: Face) -> np.ndarray:
    """Corners [4, 2] of the crop, (x, y) in pixels: top left, bottom left, bottom right, top right."""
    left_eye, right_eye = np.array(face.left_eye), np.array(face.right_eye)
    eyes = (left_eye + right_eye) / 2
    eye_to_eye = right_eye - left_eye
    eye_to_mouth = (np.array(face.left_mouth) + np.array(face.right_mouth)) / 2 - eyes
    across = eye_to_eye - _turned(eye_to_mouth)
    across /= np.hypot(*across)
    across *= max(np.hypot(*eye_to_eye) * EYE_SPAN, np.hypot(*eye_to_mouth) * MOUTH_SPAN)
    down = _turned(across)
    centre = eyes + DROP * eye_to_mouth
    return np.stack([centre - across - down, centre - across + down, centre + across + down, centre + across - down])


def check_quad(quad: np.ndarray, face: Face, image_size: tuple[int, int]) -> None:
    """Refuse a crop with too few pixels, or with too much of the head outside the photo.

    Raises:
        FaceTooSmall, FaceCutOff
    """
    side = float(np.hypot(*(quad[3] - quad[0])))
    if side < MIN_CROP_PX:
        raise FaceTooSmall(round(side), MIN_CROP_PX)
    outside = outside_share(quad, image_size)
    points = np.array([face.left_eye, face.right_eye, face.left_mouth, face.right_mouth])
    if outside > MAX_OUTSIDE or not bool(((points >= 0) & (points <= np.array(image_size))).all()):
        raise FaceCutOff(outside)


def outside_share(quad: np.ndarray, image_size: tuple[int, int]) -> float:
    """Share of the crop, in [0, 1], that lies outside a picture of (width, height) pixels."""
    steps = (np.arange(64) + 0.5) / 64
    across, down = np.meshgrid(steps, steps)
    points = quad[0] + across[..., None] * (quad[3] - quad[0]) + down[..., None] * (quad[1] - quad[0])
    inside = ((points >= 0) & (points < np.array(image_size))).all(axis=-1)
    return float(1.0 - inside.mean())


def crop_quad(image: Image.Image, quad: np.ndarray, size: int) -> Image.Image:
    """The picture inside the corners, [size, size]; margins outside the photo are reflected and softened."""
    image, quad = _shrunk(image, quad, size)
    low = np.floor(quad.min(axis=0)).astype(int) - 1
    high = np.ceil(quad.max(axis=0)).astype(int) + 1
    window, quad = _window(image, low, high), quad - low
    sampled = window.transform(
        (size * OVERSAMPLING, size * OVERSAMPLING),
        Image.Transform.QUAD,
        tuple(quad.flatten().tolist()),
        Image.Resampling.BILINEAR,
    )
    return sampled.resize((size, size), Image.Resampling.LANCZOS)


def _turned(vector: np.ndarray) -> np.ndarray:
    """The vector turned by a quarter, from rightwards to downwards in picture coordinates."""
    return np.array([-vector[1], vector[0]])


def _shrunk(image: Image.Image, quad: np.ndarray, size: int) -> tuple[Image.Image, np.ndarray]:
    """A photo that is far larger than needed, reduced by a whole factor."""
    factor = int(np.hypot(*(quad[3] - quad[0])) / size * 0.5)
    if factor <= 1:
        return image, quad
    small = image.resize([max(1, round(side / factor)) for side in image.size], Image.Resampling.BOX)
    return small, quad * (np.array(small.size) / np.array(image.size))


def _window(image: Image.Image, low: np.ndarray, high: np.ndarray) -> Image.Image:
    """The box from `low` to `high`, reflected and blurred where it leaves the photo."""
    width, height = image.size
    margins = [max(0, -low[0]), max(0, -low[1]), max(0, high[0] - width), max(0, high[1] - height)]
    inner = image.crop((max(0, low[0]), max(0, low[1]), min(width, high[0]), min(height, high[1])))
    if not any(margins):
        return inner
    left, top, right, bottom = (int(margin) for margin in margins)
    pixels = np.pad(np.asarray(inner), ((top, bottom), (left, right), (0, 0)), mode="reflect")
    made_up = np.full(pixels.shape[:2], 255, np.uint8)
    made_up[top : top + inner.height, left : left + inner.width] = 0
    whole, radius = Image.fromarray(pixels), BLUR * max(pixels.shape[:2])
    mask = Image.fromarray(made_up).filter(ImageFilter.GaussianBlur(radius))
    return Image.composite(whole.filter(ImageFilter.GaussianBlur(radius)), whole, mask)
