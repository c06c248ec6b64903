"""What the first stages learn from: every turn of the data set as examples of the encoder's two tasks."""

import random
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ..dialogue_file import read_dialogues
from ..errors import NothingToLearn
from ..formats import PAPER_PROMPTS
from ..ontology import OPEN_ONTOLOGY
from .examples import KNOWN, Example, Mixture, examples, values_of

_MIXTURE = Mixture(state_format="picks", response=0.0, question=0.3)
_HELD_OUT_TURNS = 780  # about 600 of the state task


def stage_examples(data: Path) -> list[Example]:
    """Examples of `train.jsonl`, and of `train_open.jsonl`, where the folder has it, with a question for every turn."""
    rng = random.Random(0)
    open_path = data / "train_open.jsonl"
    unlisted = read_dialogues(open_path, OPEN_ONTOLOGY) if open_path.exists() else []
    doubted = [*KNOWN, *values_of(unlisted)]
    turns = list(examples(read_dialogues(data / "train.jsonl"), PAPER_PROMPTS, _MIXTURE, rng, doubted))
    asked = replace(_MIXTURE, question=1.0)
    return [*turns, *examples(unlisted, PAPER_PROMPTS, asked, rng, doubted)]


def held_out_examples(data: Path) -> list[Example]:
    """Examples of `validation.jsonl`.

    Raises:
        NothingToLearn: there are none.
    """
    path = data / "validation.jsonl"
    found = list(islice(examples(read_dialogues(path), PAPER_PROMPTS, _MIXTURE, random.Random(0)), _HELD_OUT_TURNS))
    if not found:
        raise NothingToLearn(str(path))
    return found
