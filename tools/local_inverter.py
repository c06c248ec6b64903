"""Latents of several photos in one pass of the encoder, in this process."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..dialogue.ontology import ONTOLOGY
from ..editing.domain_check import check_domain
from ..editing.image_file import decode, to_png, to_tensor
from ..editing.inversion import invert
from ..editing.pack import Pack, load_pack
from .editor import Inversion
from .errors import EditError
from .local_editor import relevance_of


class LocalInverter:
    """Inverts photos for the editors of a pack; a photo's latent does not depend on its neighbours."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def invert_all(self, images: Sequence[bytes]) -> list[Inversion | EditError]:
        """One result an image, in order; an image that cannot be used stands as its error."""
        opened = [self._opened(image) for image in images]
        pictures = [picture for picture in opened if isinstance(picture, Tensor)]
        latents = iter(invert(self._pack, torch.cat(pictures)).detach().cpu() if pictures else ())
        return [self._inversion(one, next(latents)) if isinstance(one, Tensor) else one for one in opened]

    def _opened(self, data: bytes) -> Tensor | EditError:
        """Picture float32 [1, 3, S, S] in [-1, 1], checked."""
        try:
            picture = to_tensor(self._aligned(decode(data)), self._pack.image_size)
            check_domain(self._pack, picture)
        except EditError as error:
            return error
        return picture

    def _aligned(self, image: Image.Image) -> Image.Image:
        if self._pack.file.alignment == "none":
            return image
        from ..editing.alignment import align_face  # late: needs the extra `align`

        return align_face(image, self._pack.image_size)

    def _inversion(self, picture: Tensor, w_plus: Tensor) -> Inversion:
        on_device = picture.to(self._pack.device)
        relevance = relevance_of(self._pack, on_device, ONTOLOGY.values)
        return Inversion(w_plus.numpy().astype(np.float32), to_png(picture[0]), relevance)


def load_local_inverter(pack: str | Path, device: str = "cpu") -> LocalInverter:
    """The inverter of a pack by name or folder.

    Raises:
        PackError
    """
    return LocalInverter(load_pack(pack, device))
