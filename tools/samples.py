"""The portraits that a pack ships, to start a conversation with."""

import json
from dataclasses import dataclass
from pathlib import Path

from ..editing.pack import DEFAULT_PACK, find_pack
from .photo import describe

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
