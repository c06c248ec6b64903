"""The phrase bank: hand-written wording of every value and act, split so that tests measure unseen wording."""

import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from ...dialogue.ontology import ONTOLOGY, UNSEEN

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
_HELD_OUT = 8  # in a hundred phrasings each, for validation and for test


def split_of(phrase: str) -> Split:
    """The split that a phrasing belongs to: a stable hash of its text decides, so the bank can grow."""
    bucket = zlib.crc32(phrase.strip().lower().encode()) % 100
    return "test" if bucket < _HELD_OUT else "validation" if bucket < 2 * _HELD_OUT else "train"


@dataclass(frozen=True, slots=True)
class PhraseBank:
    """All phrasings of one split.

    Attributes:
        values: value -> kind of phrasing (noun, verb, look, short, sentence, name, remove, mention, ...) -> phrasings.
        extra: the same for values outside the ontology, with their slots; they teach the open question format.
        frames, acts: carriers of requests, and what users do besides requesting.
        system: what the system says, by act.
        scenes: whole hand-written dialogues, as written.
    """

    values: Mapping[str, Mapping[str, Sequence[str]]]
    unseen: Mapping[str, Mapping[str, Sequence[str]]]
    extra: Mapping[str, Mapping[str, Sequence[str]]]
    slots: Mapping[str, str]
    frames: Mapping[str, Sequence[str]]
    acts: Mapping[str, Sequence[str]]
    system: Mapping[str, Any]
    scenes: Sequence[Mapping[str, Any]]

    def pick(self, value: str, kinds: Sequence[str], rng: random.Random) -> str:
        """One phrasing of `value` of the first kind in `kinds` that it has."""
        phrasings = self.values.get(value) or self.unseen.get(value) or self.extra[value]
        for kind in kinds:
            if phrasings.get(kind):
                return rng.choice(phrasings[kind])
        return value

    def act(self, kind: str, rng: random.Random) -> str:
        """One phrasing of a user's act."""
        return rng.choice(self.acts[kind])


@cache
def load_phrase_bank(split: Split) -> PhraseBank:
    """The phrasings of one split. Unseen values (Table 9) keep all their wording in every split: they are never trained."""
    root = files("chatedit.prompts") / "phrases"

    def read(*path: str) -> Any:
        return yaml.load(root.joinpath(*path).read_text(encoding="utf-8"), Loader=_Loader)

    by_value = {v: _kept(read("values", f"{v.replace(' ', '_')}.yaml"), split) for v in ONTOLOGY.values}
    unseen = {v: _kept(read("unseen", f"{v.replace(' ', '_')}.yaml"), None) for vs in UNSEEN.values() for v in vs}
    slots = {v: slot for slot, vs in UNSEEN.items() for v in vs}
    extra: dict[str, Mapping[str, Sequence[str]]] = {}
    for slot in ONTOLOGY.slots:
        for entry in read("extra", f"{slot.replace(' ', '_')}.yaml"):
            if split_of(entry["value"]) == split:
                extra[entry["value"]] = _kept(entry, None)
                slots[entry["value"]] = slot
    scenes: list[Mapping[str, Any]] = []
    for file in sorted((root / "scenes").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            scenes += [
                {**scene, "id": f"{file.name[:-5]}-{number}"}
                for number, scene in enumerate(read("scenes", file.name))
                if split_of(scene["turns"][0]["user"]) == split
            ]
    return PhraseBank(
        by_value,
        unseen,
        extra,
        slots,
        _kept(read("frames.yaml"), split),
        _kept(read("acts.yaml"), split),
        _nested(read("system.yaml"), split),
        scenes,
    )


def _kept(listed: Mapping[str, Any], split: Split | None) -> dict[str, list[str]]:
    """Phrasings of the split; a kind too small to have any in a split keeps all."""
    kept = {}
    for kind, phrasings in listed.items():
        if isinstance(phrasings, list):
            chosen = [p for p in phrasings if split is None or split_of(p) == split]
            kept[kind] = chosen or list(phrasings)
    return kept


def _nested(listed: Mapping[str, Any], split: Split) -> dict[str, Any]:
    return {
        key: _nested(held, split) if isinstance(held, Mapping) else _kept({key: held}, split)[key]
        for key, held in listed.items()
    }


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe loader that keeps words such as `no` and `on` as texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
