"""What the networks see in an edited picture: all that the scores are computed from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...dialogue.ontology import ONTOLOGY
from ...editing.attribute_reader import Reader, load_reader
from ...editing.pack import Pack
from .space import PictureSpace, imagenet_space, own_space


@dataclass(frozen=True, slots=True)
class Look:
    """One picture beside its original; arrays, since these travel between processes.

    Attributes:
        seen: values that the reader sees; None where the pack has no reader.
        identity: cosine of the identity features of both.
        distance: perceptual distance of both.
        features: float64 [F], of the picture, for the Frechet distance.
        clip: float32 [C], unit length, of the picture.
    """

    seen: frozenset[str] | None
    identity: float
    distance: float
    features: np.ndarray
    clip: np.ndarray


@dataclass(frozen=True, slots=True)
class Looker:
    """The networks that look."""

    pack: Pack
    reader: Reader | None
    space: PictureSpace

    @classmethod
    def of(cls, pack: Pack, imagenet: bool) -> "Looker":
        """With the pack's own networks, or those of FID and LPIPS where they are asked for or the pack has no reader.

        Raises:
            ImageNetWeightsMissing
        """
        own = None if imagenet else own_space(pack)
        return cls(pack, load_reader(pack), own or imagenet_space(pack.device))

    @torch.no_grad()
    def look(self, originals: Tensor, pictures: Tensor) -> list[Look]:
        """Looks at pictures [B, 3, S, S] in [-1, 1], each beside its original."""
        pack, device = self.pack, self.pack.device
        both = pack.identity_features(torch.cat([originals, pictures]).to(device)).cpu().chunk(2)
        identity = (both[0] * both[1]).sum(dim=1).tolist()
        clip = F.normalize(pack.clip.image_features(pictures.to(device)).float(), dim=1).cpu()
        distance, features = self.space.distance(originals, pictures).tolist(), self.space.features(pictures)
        seen = _seen(self.reader, pictures)
        rows = zip(seen, identity, distance, features.numpy(), clip.numpy(), strict=True)
        return [Look(*row) for row in rows]


def _seen(reader: Callable[[Tensor], Tensor] | None, pictures: Tensor) -> list[frozenset[str] | None]:
    if reader is None:
        return [None] * len(pictures)
    return [
        frozenset(value for value, is_there in zip(ONTOLOGY.values, row, strict=True) if is_there)
        for row in reader(pictures).tolist()
    ]
