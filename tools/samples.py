"""The portraits that a pack ships, to start a conversation with."""

import io
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..editing.pack import DEFAULT_PACK, find_pack
from .photo import describe

if TYPE_CHECKING:
    from ..editing.portraits.factors import Portrait

INDEX = "samples.json"


@dataclass(frozen=True, slots=True)
class Sample:
    """A portrait that ships with a pack: its file, and what it shows."""

    name: str
    path: Path
    caption: str
    attributes: tuple[str, ...]


def shipped_samples(pack: str | Path = DEFAULT_PACK) -> list[Sample]:
    """The samples of a pack by name or folder; empty where it ships none.

    Raises:
        PackUnknown
    """
    folder = find_pack(pack) / "samples"
    if not (folder / INDEX).is_file():
        return []
    records = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return [
        Sample(
            Path(record["file"]).stem,
            folder / record["file"],
            describe(record["attributes"], record.get("person")),
            tuple(record["attributes"]),
        )
        for record in records
    ]


def draw_portrait(attributes: Collection[str], person: str, seed: int, size: int = 512) -> bytes:
    """PNG of the portrait of `person_with`, `size` pixels wide and high."""
    return png_of(person_with(attributes, person, seed), size)


def person_with(attributes: Collection[str], person: str, seed: int) -> "Portrait":
    """Somebody who has the given attributes, and of the others only what goes with them.

    Args:
        attributes: values of the ontology.
        person: `man`, `woman`; anything else leaves it to the seed.
        seed: another seed, another person.
    """
    import numpy as np

    from ..editing.portraits.factors import sample_portrait, with_state

    rng = np.random.default_rng(seed)
    portrait = sample_portrait(rng)
    while person in ("man", "woman") and (portrait.identity.femininity > 0.5) != (person == "woman"):
        portrait = sample_portrait(rng)
    plain = with_state(portrait, ("no bangs", "no beard", "no makeup", "no smiling"))
    return with_state(plain, attributes)


def png_of(portrait: "Portrait", size: int) -> bytes:
    """PNG of a portrait, `size` pixels wide and high."""
    from PIL import Image

    from ..editing.portraits.renderer import render

    buffer = io.BytesIO()
    Image.fromarray(render(portrait, size)).save(buffer, format="PNG")
    return buffer.getvalue()
