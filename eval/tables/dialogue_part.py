"""Predictions of dialogue models for the tables: made once, kept on disk, scored (Table 4) and edited towards."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ... import dialogue as dialogue_code
from ... import prompts
from ...dialogue.belief_state import EMPTY, BeliefState
from ...dialogue.dialogue_file import (
    Dialogue,
    Prediction,
    dialogue_to_json,
    prediction_to_json,
    read_predictions,
    write_jsonl,
)
from ...dialogue.errors import ModelNotFound
from ...dialogue.ontology import OPEN_ONTOLOGY
from ...dialogue.prediction import TurnModel, predict
from ...dialogue.single_turn import SingleTurnTracker
from ...dialogue.t5 import EMBEDDED, T5DialogueModel, load_dialogue_model
from .edit_store import digest

EMBEDDED_NAME = "embedded"
TOGETHER = 64  # dialogues a file: a stopped run loses no more; a multiple of `predict`'s batch, so its batches stay


@dataclass(frozen=True, slots=True)
class ModelSize:
    """A line of Table 4: one size of dialogue model, trained with one seed or with several.

    Attributes:
        name: what the table calls it.
        models: folders or hub ids; the first one also tracks for the edits.
    """

    name: str
    models: tuple[str, ...]


def parse_sizes(texts: Sequence[str]) -> list[ModelSize]:
    """`NAME=FOLDER[,FOLDER...]` or a folder or hub id alone; the embedded model where there is none."""
    sizes = []
    for text in texts or [EMBEDDED_NAME]:
        name, _, models = text.rpartition("=")
        folders = tuple(models.split(","))
        sizes.append(ModelSize(name or Path(folders[0]).name, folders))
    return sizes


def model_folder(model: str) -> Path:
    """Where a model is.

    Raises:
        ModelNotFound
    """
    folder = EMBEDDED if model == EMBEDDED_NAME else Path(model)
    if not folder.is_dir():
        raise ModelNotFound(str(folder), "no folder; download a model of the hub first")
    return folder


def code_files() -> list[Path]:
    """What a prediction goes through besides the model: the dialogue code, and the words of its replies."""
    phrases = Path(str(prompts.__file__)).parent / "phrases" / "system.yaml"
    return [*sorted(Path(str(dialogue_code.__file__)).parent.glob("*.py")), phrases]


class Predictions:
    """Runs dialogue models and keeps what they said, under a hash of model, code and dialogues.

    Args:
        folder: made where it is missing.
        load: makes the model of a folder.
    """

    def __init__(self, folder: Path, load: Callable[[Path], T5DialogueModel] = load_dialogue_model) -> None:
        self._folder, self._load = folder, load
        self._loaded: dict[str, T5DialogueModel] = {}
        self._digests: dict[str, str] = {}
        self._code = digest([file.read_bytes() for file in code_files()])

    def of(
        self, model: str, dialogues: Sequence[Dialogue], seed: int, done: Callable[[int], None] = lambda count: None
    ) -> list[Prediction]:
        """States and replies; `seed` draws the wording of the replies.

        Raises:
            ModelNotFound
        """
        return self._kept(f"turns {seed}", model, dialogues, lambda m: m.turn_function(False, seed), done)

    def unseen(
        self, model: str, dialogues: Sequence[Dialogue], done: Callable[[int], None] = lambda count: None
    ) -> list[Prediction]:
        """States by the question format, which may name values never seen (App. E.1)."""
        return self._kept("open", model, dialogues, lambda m: m.turn_function(True, None), done)

    def alone(
        self, model: str, dialogues: Sequence[Dialogue], done: Callable[[int], None] = lambda count: None
    ) -> list[Prediction]:
        """States by each utterance without the conversation, added up, as Talk-to-Edit would have them."""
        return self._kept("alone", model, dialogues, _alone, done)

    def _kept(
        self,
        way: str,
        model: str,
        dialogues: Sequence[Dialogue],
        turns: Callable[[T5DialogueModel], TurnModel],
        done: Callable[[int], None],
    ) -> list[Prediction]:
        found: list[Prediction] = []
        for start in range(0, len(dialogues), TOGETHER):
            part = dialogues[start : start + TOGETHER]
            path = self._folder / f"{self._key(way, model, part)}.jsonl"
            if path.exists():
                done(sum(len(dialogue.turns) for dialogue in part))
            else:
                predictions = predict(part, turns(self._model(model)), on_turn=done)
                unfinished = path.with_name(f"{path.name}.part")
                write_jsonl(unfinished, map(prediction_to_json, predictions))
                unfinished.replace(path)
            found += read_predictions(path, OPEN_ONTOLOGY)
        return found

    def _model(self, name: str) -> T5DialogueModel:
        if name not in self._loaded:
            self._loaded = {name: self._load(model_folder(name))}  # one at a time
        return self._loaded[name]

    def _key(self, way: str, model: str, dialogues: Sequence[Dialogue]) -> str:
        if model not in self._digests:
            files = sorted(path for path in model_folder(model).iterdir() if path.is_file())
            self._digests[model] = digest([path.read_bytes() for path in files])
        said = json.dumps([dialogue_to_json(dialogue) for dialogue in dialogues])
        return digest([part.encode() for part in (way, said, self._code, self._digests[model])])


def carried(prediction: Prediction) -> tuple[BeliefState, ...]:
    """States of a prediction; a turn that could not be read keeps the state before it."""
    kept: list[BeliefState] = []
    for state in prediction.states:
        kept.append(state if state is not None else (kept[-1] if kept else EMPTY))
    return tuple(kept)


def _alone(model: T5DialogueModel) -> TurnModel:
    tracker = SingleTurnTracker(model)
    return lambda contexts, _: [(tracked, None) for tracked in tracker.track(contexts)]
