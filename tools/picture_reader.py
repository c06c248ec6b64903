"""Which attribute values a picture shows, by the pack's reader: to measure edits, never to guide them."""

from collections.abc import Callable
from pathlib import Path

from ..dialogue.ontology import ONTOLOGY
from ..editing.attribute_reader import load_reader
from ..editing.image_file import decode, to_tensor
from ..editing.pack import DEFAULT_PACK, Pack, load_pack

PictureReader = Callable[[bytes], frozenset[str]]
"""Bytes of a picture's file -> the values of the ontology that it shows."""


def load_picture_reader(pack: Pack | str | Path = DEFAULT_PACK) -> PictureReader | None:
    """The reader of a pack, or None where it has none.

    Raises:
        PackError: its file is missing or wrong.
    """
    loaded = pack if isinstance(pack, Pack) else load_pack(pack)
    reader = load_reader(loaded)
    if reader is None:
        return None

    def read(data: bytes) -> frozenset[str]:
        shown = reader(to_tensor(decode(data), loaded.image_size))[0]
        return frozenset(value for value, has in zip(ONTOLOGY.values, shown.tolist(), strict=True) if has)

    return read
