"""Content-addressed store of images, latents and results: the same edit is found again, whoever asks."""

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..dialogue import belief_state
from ..dialogue.belief_state import BeliefState
from .blobs import Blobs
from .editor import EditMetrics, EditOptions, EditResult, Inversion
from .errors import StoreUnavailable, UnknownImage
from .leases import FolderLeases

REFERENCE = re.compile(r"[0-9a-f]{64}")
PROBE, PROBE_BYTES = "probe", 4096  # an empty file would fit on a full disk


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


class StoreLeases(Protocol):
    """Named locks: `FolderLeases` for one machine, `agent.thread_leases.PostgresLeases` for several."""

    def hold(self, name: str, timeout_s: float = 0.0) -> AbstractContextManager[bool]:
        """Hold the lock inside the block; yields False where somebody else has it for `timeout_s`."""
        ...


class Store:
    """Files below a folder or URL, written atomically; a reference is the SHA-256 of the bytes it names.

    Safe for several threads and processes. Whatever the system refuses (a full disk) is `StoreUnavailable`.

    Args:
        location: a folder, or a URL of any file system that fsspec knows (`s3://bucket/prefix`).
        leases: who does the work of a key; a folder of locks in a local store where None.
    Raises:
        ValueError: a store that is no folder needs leases.
    """

    def __init__(self, location: str | Path, leases: StoreLeases | None = None) -> None:
        self._blobs = Blobs(location)
        if leases is None:
            if self._blobs.folder is None:
                raise ValueError(f"the store {location} is no local folder: give it leases")
            leases = FolderLeases(self._blobs.folder / "locks")
        self._leases = leases

    def check(self) -> None:
        """Whether the store can be written.

        Raises:
            StoreUnavailable
        """
        self._blobs.write(PROBE, bytes(PROBE_BYTES))

    def put_image(self, data: bytes) -> str:
        """Keep the bytes of a picture; its reference."""
        reference = hashlib.sha256(data).hexdigest()
        name = _name("images", reference)
        if not self._blobs.exists(name):
            self._blobs.write(name, data)
        return reference

    def image(self, reference: str) -> bytes:
        """Bytes of a picture.

        Raises:
            UnknownImage
        """
        return self._blobs.read(_name("images", reference))

    def image_path(self, reference: str) -> Path:
        """File of a picture in a local store, to show or copy.

        Raises:
            UnknownImage: no such picture, or the store is no local folder.
        """
        name = _name("images", reference)
        if self._blobs.folder is None or not self._blobs.exists(name):
            raise UnknownImage(reference)
        return self._blobs.folder / name

    def delete_image(self, reference: str) -> None:
        """Forget a picture, if it is there."""
        self._blobs.delete(_name("images", reference))

    def inversion(self, image: str, version: str) -> StoredInversion | None:
        """The inversion of a photo by one version of an editor, if it was done."""
        key = content_key("inversion", image, version)
        if not self._blobs.exists(_name("inversions", key)):
            return None
        record = json.loads(self._blobs.read(_name("inversions", key)))
        return StoredInversion(self.latent(key), record["image"], record["relevance"])

    def put_inversion(self, image: str, version: str, inversion: Inversion) -> StoredInversion:
        """Keep an inversion; what was kept."""
        key = content_key("inversion", image, version)
        cropped = self.put_image(inversion.image_png)
        self._blobs.write(_name("latents", key), _to_npy(inversion.w_plus))
        record = {"image": cropped, "relevance": dict(inversion.relevance)}
        self._blobs.write(_name("inversions", key), json.dumps(record).encode())  # last: what exists is whole
        return StoredInversion(inversion.w_plus, cropped, inversion.relevance)

    def delete_inversion(self, image: str, version: str) -> None:
        """Forget the inversion of a photo by one version of an editor, if it is there; its picture stays."""
        key = content_key("inversion", image, version)
        for kind in ("inversions", "latents"):
            self._blobs.delete(_name(kind, key))

    def edit(self, key: str) -> StoredEdit | None:
        """The edit of a key, if it was done."""
        if not self._blobs.exists(_name("edits", key)):
            return None
        record = json.loads(self._blobs.read(_name("edits", key)))
        if not self._blobs.exists(_name("images", record["image"])):  # the writer was killed before its last step
            return None
        return StoredEdit(key, record["image"], EditMetrics(**record["metrics"]))

    def put_edit(self, key: str, result: EditResult) -> StoredEdit:
        """Keep a result; what was kept.

        The picture comes last: it is signed, so an edit that is done again gives another file, and whatever a killed
        process leaves must be named by the record, or nobody could find and delete it.
        """
        image = hashlib.sha256(result.image_png).hexdigest()
        self._blobs.write(_name("latents", key), _to_npy(result.w_plus))
        record = {"image": image, "metrics": asdict(result.metrics)}
        self._blobs.write(_name("edits", key), json.dumps(record).encode())
        self.put_image(result.image_png)
        return StoredEdit(key, image, result.metrics)

    def delete_edit(self, key: str) -> None:
        """Forget an edit, if it is there; its picture stays."""
        for kind in ("edits", "latents"):
            self._blobs.delete(_name(kind, key))

    def latent(self, key: str) -> np.ndarray:
        """Latent float32 [num_ws, D] of an edit's key.

        Raises:
            UnknownImage
        """
        return _from_npy(self._blobs.read(_name("latents", key)))

    @contextmanager
    def lease(self, key: str, timeout_s: float) -> Iterator[bool]:
        """Hold the right to do the work of `key`; yields False where another holder did not finish in time."""
        try:
            with self._leases.hold(key, timeout_s) as is_mine:
                yield is_mine
        except OSError as error:
            raise StoreUnavailable(str(error)) from error


def edit_key(image: str, state: BeliefState, version: str, options: EditOptions) -> str:
    """Content key of an edit: the original's reference, the canonical state, the editor's version, the options."""
    return content_key("edit", image, belief_state.to_json(state), version, asdict(options))


def content_key(*parts: Any) -> str:
    """SHA-256 of the parts' canonical JSON, in hex."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _name(kind: str, reference: str) -> str:
    """Name of a file. Raises: UnknownImage, for whatever is no reference."""
    if not isinstance(reference, str) or not REFERENCE.fullmatch(reference):
        raise UnknownImage(reference)
    return f"{kind}/{reference[:2]}/{reference}"


def _to_npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _from_npy(data: bytes) -> np.ndarray:
    return np.load(io.BytesIO(data), allow_pickle=False)
