"""Content-addressed store of images, latents and results: the same edit is found again, whoever asks."""

import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..dialogue import belief_state
from ..dialogue.belief_state import BeliefState
from .editor import EditMetrics, EditOptions, EditResult, Inversion
from .errors import StoreUnavailable, UnknownImage
from .leases import FolderLeases

REFERENCE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredEdit:
    """A finished edit: content key, reference of its picture, and its metrics."""

    key: str
    image: str
    metrics: EditMetrics


@dataclass(frozen=True, slots=True)
class StoredInversion:
    """An inverted photo: its latent, reference of the cropped picture, relevance of each value."""

    w_plus: np.ndarray
    image: str
    relevance: Mapping[str, float]


class Store:
    """Files below a folder, written atomically; a reference is the SHA-256 of the bytes it names.

    Safe for several threads and processes. Whatever the system refuses (a full disk) is `StoreUnavailable`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._leases = FolderLeases(folder / "locks")

    def put_image(self, data: bytes) -> str:
        """Keep the bytes of a picture; its reference."""
        reference = hashlib.sha256(data).hexdigest()
        path = self._path("images", reference)
        if not path.exists():
            _write(path, data)
        return reference

    def image(self, reference: str) -> bytes:
        """Bytes of a picture.

        Raises:
            UnknownImage
        """
        return self._read("images", reference)

    def image_path(self, reference: str) -> Path:
        """File of a picture, to show or copy.

        Raises:
            UnknownImage
        """
        path = self._path("images", reference)
        if not path.exists():
            raise UnknownImage(reference)
        return path

    def inversion(self, image: str, version: str) -> StoredInversion | None:
        """The inversion of a photo by one version of an editor, if it was done."""
        key = content_key("inversion", image, version)
        path = self._path("inversions", key)
        if not path.exists():
            return None
        record = json.loads(self._read("inversions", key))
        return StoredInversion(_from_npy(self._read("latents", key)), record["image"], record["relevance"])

    def put_inversion(self, image: str, version: str, inversion: Inversion) -> StoredInversion:
        """Keep an inversion; what was kept."""
        key = content_key("inversion", image, version)
        cropped = self.put_image(inversion.image_png)
        _write(self._path("latents", key), _to_npy(inversion.w_plus))
        record = {"image": cropped, "relevance": dict(inversion.relevance)}
        _write(self._path("inversions", key), json.dumps(record).encode())  # last: what exists is whole
        return StoredInversion(inversion.w_plus, cropped, inversion.relevance)

    def edit(self, key: str) -> StoredEdit | None:
        """The edit of a key, if it was done."""
        if not self._path("edits", key).exists():
            return None
        record = json.loads(self._read("edits", key))
        return StoredEdit(key, record["image"], EditMetrics(**record["metrics"]))

    def put_edit(self, key: str, result: EditResult) -> StoredEdit:
        """Keep a result; what was kept."""
        image = self.put_image(result.image_png)
        _write(self._path("latents", key), _to_npy(result.w_plus))
        record = {"image": image, "metrics": asdict(result.metrics)}
        _write(self._path("edits", key), json.dumps(record).encode())
        return StoredEdit(key, image, result.metrics)

    def latent(self, key: str) -> np.ndarray:
        """Latent float32 [num_ws, D] of an edit's key.

        Raises:
            UnknownImage
        """
        return _from_npy(self._read("latents", key))

    @contextmanager
    def lease(self, key: str, timeout_s: float) -> Iterator[bool]:
        """Hold the right to do the work of `key`; yields False where another holder did not finish in time."""
        try:
            with self._leases.hold(key, timeout_s) as is_mine:
                yield is_mine
        except OSError as error:
            raise StoreUnavailable(str(error)) from error

    def _path(self, kind: str, reference: str) -> Path:
        if not isinstance(reference, str) or not REFERENCE.fullmatch(reference):
            raise UnknownImage(reference)
        return self.folder / kind / reference[:2] / reference

    def _read(self, kind: str, reference: str) -> bytes:
        try:
            return self._path(kind, reference).read_bytes()
        except FileNotFoundError as error:
            raise UnknownImage(reference) from error
        except OSError as error:
            raise StoreUnavailable(str(error)) from error


def edit_key(image: str, state: BeliefState, version: str, options: EditOptions) -> str:
    """Content key of an edit: the original's reference, the canonical state, the editor's version, the options."""
    return content_key("edit", image, belief_state.to_json(state), version, asdict(options))


def content_key(*parts: Any) -> str:
    """SHA-256 of the parts' canonical JSON, in hex."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, data: bytes) -> None:
    """All of the file or nothing, even where the process is killed in between."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreUnavailable(str(error)) from error


def _to_npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _from_npy(data: bytes) -> np.ndarray:
    return np.load(io.BytesIO(data), allow_pickle=False)
