"""What a table is measured on: a dialogue, the picture that it is about, and the truth about that picture."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...dialogue import belief_state
from ...dialogue.belief_state import BeliefState
from ...dialogue.dialogue_file import Dialogue
from ...dialogue.errors import DataNotReadable
from ...dialogue.ontology import ONTOLOGY
from ...dialogue.system_words import person_of
from ...editing.image_file import decode, to_png, to_tensor
from ...editing.portraits.factors import VALUES, Portrait, attributes_of, unclear_of, with_state
from ...tools.samples import person_with, png_of
from ..terminal import read_annotated


@dataclass(frozen=True, slots=True)
class Case:
    """A dialogue about one picture.

    Attributes:
        dialogue: annotated.
        picture: PNG, at the pack's size.
        portrait: what was drawn; None where the picture is a photo, about which nothing but `dialogue.attributes` is
            known.
    """

    dialogue: Dialogue
    picture: bytes
    portrait: Portrait | None = None

    @property
    def states(self) -> tuple[BeliefState, ...]:
        """The annotated belief state after each turn."""
        return tuple(turn.state or belief_state.EMPTY for turn in self.dialogue.turns)

    def shown(self) -> frozenset[str]:
        """Values of the ontology that the picture has: the renderer's truth where it was drawn."""
        return frozenset(self.dialogue.attributes if self.portrait is None else attributes_of(self.portrait))

    def unclear(self) -> frozenset[str]:
        """Values of which nobody can say whether the picture has them."""
        return frozenset() if self.portrait is None else frozenset(unclear_of(self.portrait))

    def truth(self, state: BeliefState) -> bytes | None:
        """PNG of the same person as the renderer draws them with `state`; None of a photo, and of unseen values."""
        asked = belief_state.values(state)
        if self.portrait is None or not set(asked) <= set(VALUES):
            return None
        return png_of(with_state(self.portrait, asked), _size_of(self.picture))


def read_cases(path: Path, size: int, seed: int, limit: int | None = None) -> list[Case]:
    """The first `limit` dialogues of a file with their pictures.

    A line names its photo as `image`, relative to the file; where it names none, a person with the dialogue's
    attributes is drawn, for each seed another one.

    Args:
        size: side of the pack's pictures in pixels.
    Raises:
        DataNotReadable: names what is wrong; there must be a dialogue, and all turns need states.
        BadImage: a photo cannot be read.
    """
    dialogues = read_annotated(path, limit)
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()][:limit]
    cases = []
    for dialogue, line in zip(dialogues, lines, strict=True):
        image = json.loads(line).get("image")
        if not isinstance(image, str | None):
            raise DataNotReadable(str(path), f"dialogue {dialogue.id} names no photo by {image!r}")
        cases.append(_of_photo(dialogue, path.parent / image, size) if image else _drawn(dialogue, seed, size))
    return cases


def is_photo(cases: Sequence[Case]) -> bool:
    """Whether the pictures are photos: then a seed draws nobody else, and the optimiser's start has to vary."""
    return any(case.portrait is None for case in cases)


def _of_photo(dialogue: Dialogue, path: Path, size: int) -> Case:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataNotReadable(str(path), str(error)) from error
    return Case(dialogue, to_png(to_tensor(decode(data), size)[0]))


def _drawn(dialogue: Dialogue, seed: int, size: int) -> Case:
    number = int.from_bytes(dialogue.id.encode()[-8:], "big") % 1_000_003
    known = [value for value in dialogue.attributes if value in ONTOLOGY.values]
    portrait = person_with(known, person_of(dialogue.caption), seed * 1_000_003 + number)
    return Case(dialogue, png_of(portrait, size), portrait)


def _size_of(picture: bytes) -> int:
    return decode(picture).width
