"""What the first stages learn from: every turn of the data set as examples of the encoder's two tasks."""

import random
from itertools import islice
from pathlib import Path

from ..dialogue_file import read_dialogues
from ..formats import PAPER_PROMPTS
from ..ontology import OPEN_ONTOLOGY
from .examples import KNOWN, Example, Mixture, examples, questions, values_of

_MIXTURE = Mixture(state_format="picks", response=0.0, question=0.3)
_HELD_OUT_TURNS = 780  # about 600 of the state task


def stage_examples(data: Path) -> list[Example]:
    """Examples of `train.jsonl`, and questions about the values of `train_open.jsonl` where the folder has it."""
    rng = random.Random(0)
    open_path = data / "train_open.jsonl"
    unlisted = read_dialogues(open_path, OPEN_ONTOLOGY) if open_path.exists() else []
    doubted = [*KNOWN, *values_of(unlisted)]
    turns = list(examples(read_dialogues(data / "train.jsonl"), PAPER_PROMPTS, _MIXTURE, rng, doubted))
    return [*turns, *questions(unlisted, PAPER_PROMPTS, rng, doubted)]


def held_out_examples(data: Path) -> list[Example]:
    """Examples of `validation.jsonl`."""
    found = examples(read_dialogues(data / "validation.jsonl"), PAPER_PROMPTS, _MIXTURE, random.Random(0))
    return list(islice(found, _HELD_OUT_TURNS))
