"""Build the data set: simulated dialogues over photos, split as the paper splits (section 3.2)."""

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..dialogue.dialogue_file import Dialogue
from .simulation.photo import Photo, sample_photo
from .simulation.phrase_bank import Split, load_phrase_bank
from .simulation.simulator import simulate
from .simulation.talk import SimulationConfig

PAPER_SIZES: dict[Split, int] = {"train": 10_000, "validation": 1_000, "test": 1_000}
UNSEEN_SIZE = 1_000  # App. E.1


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the data set."""

    name: str
    split: Split
    size: int
    config: SimulationConfig


def parts(train: int, validation: int, test: int, unseen: int, open_train: int) -> list[Part]:
    """The files of a data set: the paper's three splits, the out-of-distribution test, and open training data."""
    plain = SimulationConfig()
    return [
        Part("train", "train", train, SimulationConfig(scenes=0.3)),  # what people wrote teaches most a dialogue
        Part("validation", "validation", validation, plain),
        Part("test", "test", test, plain),
        Part("test_unseen", "test", unseen, SimulationConfig(extra=0.0, scenes=0.0, unseen=0.4, is_open=True)),
        Part("train_open", "train", open_train, SimulationConfig(extra=0.5, scenes=0.0, is_open=True)),
    ]


def build(
    part: Part, seed: int, photos: Sequence[Photo] = (), on_dialogue: Callable[[], None] = lambda: None
) -> Iterator[Dialogue]:
    """Dialogues of one file; the same seed and photos give the same dialogues, whatever the other files are.

    Photos are split too (by a hash of their id), so no photo is in two splits.
    """
    bank = load_phrase_bank(part.split)
    own = [photo for photo in photos if _photo_split(photo) == part.split]
    for index in range(part.size):
        rng = random.Random(f"{seed}/{part.name}/{index}")
        photo = own[rng.randrange(len(own))] if own else sample_photo(rng, index)
        yield simulate(bank, photo, f"{part.name}-{index:05d}", rng, part.config)
        on_dialogue()


def _photo_split(photo: Photo) -> Split:
    bucket = zlib.crc32(photo.id.encode()) % 12
    return "test" if bucket == 0 else "validation" if bucket == 1 else "train"
