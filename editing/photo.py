"""An uploaded photo, ready to be edited: checked, cropped, inverted."""

from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from .domain_check import check_domain
from .image_file import DEFAULT_LIMITS, ImageLimits, decode, to_tensor
from .inversion import invert
from .pack import Pack


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as a pack sees it.

    Attributes:
        picture: float32 [3, S, S] in [-1, 1].
        w_plus: its latent, float32 [num_ws, D], on the pack's device.
    """

    picture: Tensor
    w_plus: Tensor


def open_photo(pack: Pack, data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Photo:
    """From the bytes of a file to a photo that can be edited.

    Raises:
        BadImage: the file is no usable picture, is of another domain, or does not show one whole face.
        AlignmentUnavailable: the pack crops faces by their landmarks, and the extra `align` is not installed.
    """
    return photo_of(pack, _aligned(pack, decode(data, limits)))


def open_aligned_photo(pack: Pack, data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Photo:
    """As `open_photo`, of a picture that is cropped as the pack's own training pictures are already."""
    return photo_of(pack, decode(data, limits))


def photo_of(pack: Pack, image: Image.Image) -> Photo:
    """Check and invert an RGB picture; its centre square is taken.

    Raises:
        OutOfDomain
    """
    picture = to_tensor(image, pack.image_size)
    check_domain(pack, picture)
    return Photo(picture[0], invert(pack, picture)[0])


def _aligned(pack: Pack, image: Image.Image) -> Image.Image:
    if pack.file.alignment == "none":
        return image
    from .alignment import align_face  # late: needs the extra `align`

    return align_face(image, pack.image_size)
