"""Rendered portraits on disk: what every part of the pack is trained on, made once and read through memory maps."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .drawing import EMBEDDING_DIM, embed, resolve
from .factors import CLEARLY_ABSENT, CLEARLY_PRESENT, VALUES, sample_restyled, sample_varied_portrait, strength_of
from .renderer import paint

IMAGE_SIZE = 128


@dataclass(frozen=True, slots=True)
class Renders:
    """Portraits 2 i and 2 i + 1 show the same identity in other scenes with other values.

    Attributes:
        images: uint8 [N, 128, 128, 3].
        embeddings: float32 [N, EMBEDDING_DIM], raw (not standardised).
        labels: float32 [N, 21], strength of each of `VALUES`.
    """

    images: np.ndarray
    embeddings: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def has_value(labels: np.ndarray) -> np.ndarray:
    """bool like `labels`: the value can clearly be seen."""
    return labels >= CLEARLY_PRESENT


def is_clear(labels: np.ndarray) -> np.ndarray:
    """bool like `labels`: whether the value is there is beyond doubt; mask the rest."""
    return (labels >= CLEARLY_PRESENT) | (labels <= CLEARLY_ABSENT)


def load_renders(directory: Path, count: int, seed: int, report: Callable[[int], None] = lambda done: None) -> Renders:
    """The first `count` (even) portraits of stream `seed`, rendered into `directory` as far as they are not there yet.

    Portrait pair i depends on (seed, i) only, so that stopping and going on changes nothing.
    """
    if count <= 0 or count % 2:
        raise ValueError(f"count must be positive and even (portraits come in pairs), got {count}")
    directory.mkdir(parents=True, exist_ok=True)
    shapes = {
        "images": ((count, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8),
        "embeddings": ((count, EMBEDDING_DIM), np.float32),
        "labels": ((count, len(VALUES)), np.float32),
    }
    stem = f"seed{seed}-{count}"
    maps = {name: _open_map(directory / f"{stem}-{name}.npy", *spec) for name, spec in shapes.items()}
    renders, state = Renders(**maps), directory / f"{stem}.json"
    done = json.loads(state.read_text())["done"] if state.exists() else 0
    for first in range(done, count, 2):
        _render_pair(renders, first, seed)
        if first + 2 == count or (first + 2) % 500 == 0:
            for array in maps.values():
                array.flush()
            state.write_text(json.dumps({"done": first + 2}))
            report(first + 2)
    return renders


def _open_map(path: Path, shape: tuple[int, ...], dtype: type) -> np.memmap:
    return np.lib.format.open_memmap(path, mode="r+" if path.exists() else "w+", dtype=dtype, shape=shape)


def _render_pair(renders: Renders, first: int, seed: int) -> None:
    rng = np.random.default_rng((seed, first // 2))
    portrait = sample_varied_portrait(rng)
    for index, shot in ((first, portrait), (first + 1, sample_restyled(rng, portrait))):
        drawing = resolve(shot)
        renders.images[index] = paint(drawing, IMAGE_SIZE)
        renders.embeddings[index] = embed(drawing)
        renders.labels[index] = [strength_of(shot, value) for value in VALUES]
