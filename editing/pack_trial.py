"""One picture through every network of a pack: do they fit together, and are their numbers sound?"""

import torch
from torch import Tensor

from .attribute_reader import Reader
from .inversion import encode
from .pack import Pack
from .pack_errors import PackInvalid
from .pack_format import PACK_YAML


@torch.no_grad()
def try_pack(pack: Pack, reader: Reader | None = None) -> None:
    """Render the average latent, and run what comes out through encoder, identity, CLIP and reader.

    Raises:
        PackInvalid: two networks do not fit, or one returns NaN or infinite numbers.
    """
    part = "generator"
    try:
        picture = _sound(pack, part, pack.generator(pack.latents.latent_avg[None].to(pack.device)))
        part = "encoder"
        _sound(pack, part, encode(pack, picture))
        part = "identity"
        _sound(pack, part, pack.identity_features(picture))
        part = "clip"
        _sound(pack, part, pack.clip.image_features(picture))
        _sound(pack, part, pack.clip.text_features(list(pack.file.templates.neutral)))
        part = "reader"
        if reader is not None:
            reader(picture)
        part = "outside"
        if (outside := pack.models().outside) is not None:
            _sound(pack, part, outside(picture))
    except (RuntimeError, ValueError) as error:  # a shape that does not fit the next network
        raise PackInvalid(str(pack.folder / PACK_YAML), f"{part} does not fit: {error}") from error


def _sound(pack: Pack, part: str, result: Tensor) -> Tensor:
    if not bool(torch.isfinite(result).all()):
        raise PackInvalid(str(pack.folder / PACK_YAML), f"{part} returns NaN or infinite numbers")
    return result
