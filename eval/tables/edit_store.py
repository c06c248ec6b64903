"""Finished edits on disk, each under a hash of everything that may change it: nothing is edited twice."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ... import editing
from ...editing.pack import Pack
from ...editing.pack_format import PACK_YAML
from ...editing.presets import Preset
from .wish import Wish

# What an edit goes through: a change in one of these files makes other pictures.
_CODE = (
    *("clip_model", "edit_batch", "engine", "inversion", "latent_prior", "latents", "losses", "presets", "schedule"),
    *("stylegan2", "synthesis", "text_targets"),
)


@dataclass(frozen=True, slots=True)
class EditRequest:
    """One edit of one picture.

    Attributes:
        picture: PNG of what is edited.
        wish: not empty.
        seed: of the preset's start noise.
    """

    picture: bytes
    wish: Wish
    preset: Preset
    seed: int = 0


class EditStore:
    """Pictures and latents of one pack in a folder; safe for several processes, since files appear when they are whole.

    Args:
        folder: made where it is missing.
    """

    def __init__(self, folder: Path, pack: Pack) -> None:
        self._folder = folder
        self._base = pack_digest(pack)

    def key(self, request: EditRequest) -> str:
        """Hash of pack, code, picture, wish, preset and seed."""
        seed = request.seed if request.preset.start_noise else 0
        parts = [
            self._base,
            hashlib.sha256(request.picture).hexdigest(),
            json.dumps(asdict(request.wish)),
            json.dumps({**asdict(request.preset), "name": ""}, sort_keys=True),
            str(seed),
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def picture(self, key: str) -> bytes | None:
        """PNG of a finished edit."""
        path = self._path(key, "png")
        return path.read_bytes() if path.exists() else None

    def keep_picture(self, key: str, picture: bytes) -> None:
        """Keep the PNG of a finished edit."""
        self._write(self._path(key, "png"), picture)

    def latent(self, picture: bytes) -> Tensor | None:
        """Latent [num_ws, D] of a picture that was inverted before."""
        path = self._path(self._latent_key(picture), "npy")
        return torch.from_numpy(np.load(path)) if path.exists() else None

    def keep_latent(self, picture: bytes, w_plus: Tensor) -> None:
        """Keep the latent of a picture."""
        buffer = io.BytesIO()
        np.save(buffer, w_plus.numpy())
        self._write(self._path(self._latent_key(picture), "npy"), buffer.getvalue())

    def _latent_key(self, picture: bytes) -> str:
        return hashlib.sha256(self._base.encode() + picture).hexdigest()

    def _path(self, key: str, ending: str) -> Path:
        return self._folder / key[:2] / f"{key}.{ending}"

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{id(data):x}.part")
        part.write_bytes(data)
        part.replace(path)


def pack_digest(pack: Pack) -> str:
    """Hash of a pack's file (which names the hashes of its weights) and of the code that edits."""
    folder = Path(str(editing.__file__)).parent
    code = [(folder / f"{name}.py").read_bytes() for name in _CODE]
    return digest([(pack.folder / PACK_YAML).read_bytes(), *code])


def digest(parts: Sequence[bytes]) -> str:
    """Hash of several byte strings."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()
