"""Who sees what, in which order, and on which side: fixed by a seed, different for each annotator."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .pairs import Pair, Side

Choice = Literal["one", "other"]
Place = Literal["left", "right"]
PLACES: tuple[Place, Place] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Question:
    """What annotators are asked (paper, App. C); `about` says where to look."""

    name: str
    text: str
    about: Literal["pictures", "answers"]


QUESTIONS = (
    Question("manipulation", "Which one manipulates the image better with facial identity unchanged?", "pictures"),
    Question("humanness", "Which one sounds more natural and personable?", "answers"),
    Question("interestingness", "Which one arouses your curiosity or tells you something new or useful?", "answers"),
    Question(
        "engagingness",
        "Which one is more likely to capture your attention and make you want to further interact with it?",
        "answers",
    ),
)


@dataclass(frozen=True, slots=True)
class Item:
    """A pair as one annotator sees it; `left` says which system stands on the left."""

    pair: Pair
    left: Choice

    def choice(self, place: Place) -> Choice:
        """Which system stands there."""
        return self.left if place == "left" else _opposite(self.left)

    def place(self, choice: Choice) -> Place:
        """Where that system stands."""
        return "left" if choice == self.left else "right"

    def side(self, place: Place) -> Side:
        """What is shown there."""
        return self.pair.one if self.choice(place) == "one" else self.pair.other


def items_for(annotator: str, pairs: Sequence[Pair], seed: int) -> list[Item]:
    """All pairs in an order of the annotator's own; each system stands on the left in half of them (but for one)."""
    rng = random.Random(f"{seed}:{annotator}")
    order = rng.sample(list(pairs), len(pairs))
    lefts: list[Choice] = ["one", "other"] * ((len(pairs) + 1) // 2)
    rng.shuffle(lefts)
    return [Item(pair, left) for pair, left in zip(order, lefts[: len(order)], strict=True)]


def _opposite(choice: Choice) -> Choice:
    return "other" if choice == "one" else "one"
