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
_DIVISIBLE = 4  # phrasings of one kind; fewer cannot give each split its own


def split_of(phrase: str) -> Split:
    """The split that a phrasing belongs to: a stable hash of its text decides, so the bank can grow."""
    bucket = _hash(phrase) % 100
    return "test" if bucket < _HELD_OUT else "validation" if bucket < 2 * _HELD_OUT else "train"


def _hash(phrase: str) -> int:
    return zlib.crc32(phrase.strip().lower().encode())


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
        """One phrasing of `value` of the first kind in `kinds` that it has.

        Raises:
            KeyError: the bank does not have the value, or no phrasing of these kinds for it.
        """
        for kind in kinds:
            if self.has(value, kind):
                return rng.choice(self._of(value)[kind])
        raise KeyError(f"{value}: no phrasing of {' or '.join(kinds)}")

    def has(self, value: str, kind: str) -> bool:
        """True where the bank can say `value` in this kind of phrasing (values outside the ontology lack some)."""
        return bool(self._of(value).get(kind))

    def _of(self, value: str) -> Mapping[str, Sequence[str]]:
        return self.values.get(value) or self.unseen.get(value) or self.extra[value]

    def act(self, kind: str, rng: random.Random) -> str:
        """One phrasing of a user's act."""
        return rng.choice(self.acts[kind])


@cache
def load_phrase_bank(split: Split) -> PhraseBank:
    """The phrasings of one split.

    Unseen values (Table 9) keep all their wording in every split: they are never trained.
    """
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


def share_of(phrasings: Sequence[str], split: Split) -> list[str]:
    """The phrasings of one kind that belong to a split, in order.

    Where the hash leaves validation or test without any, the phrasing with the smallest hash moves there from
    training. Lists of fewer than `_DIVISIBLE` phrasings cannot be divided: every split has them all.
    """
    if len(phrasings) < _DIVISIBLE:
        return list(phrasings)
    places = {phrase: split_of(phrase) for phrase in phrasings}
    for held_out in ("test", "validation"):
        if held_out not in places.values():
            places[min((p for p in places if places[p] == "train"), key=_hash)] = held_out
    return [phrase for phrase in phrasings if places[phrase] == split]


def _kept(listed: Mapping[str, Any], split: Split | None) -> dict[str, list[str]]:
    """Phrasings of the split by kind; all of them where no split is asked for."""
    lists = {kind: phrasings for kind, phrasings in listed.items() if isinstance(phrasings, list)}
    return {kind: list(held) if split is None else share_of(held, split) for kind, held in lists.items()}


def _nested(listed: Mapping[str, Any], split: Split) -> dict[str, Any]:
    return {
        key: _nested(held, split) if isinstance(held, Mapping) else _kept({key: held}, split)[key]
        for key, held in listed.items()
    }


class _Loader(yaml.CSafeLoader):
    """Safe loader that keeps words such as `no` and `on` as texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
