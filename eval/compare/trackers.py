"""Trackers by name: `keywords`, `single-turn:t5`, `t5:FOLDER`, `llm-state:MODEL@3`, `predictions.jsonl`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ...dialogue.dialogue_file import Dialogue, read_predictions
from ...dialogue.errors import UnknownTracker
from ...dialogue.formats import Context
from ...dialogue.keywords import KeywordTracker
from ...dialogue.llm.endpoint import OpenAiEndpoint
from ...dialogue.llm.methods import METHODS
from ...dialogue.llm.patience import Completer, Patient
from ...dialogue.llm.prices import Price
from ...dialogue.llm.recording import Recording
from ...dialogue.llm.settings import LlmSettings
from ...dialogue.llm.tracker import LlmTracker
from ...dialogue.measured import Stopwatch
from ...dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY, Ontology
from ...dialogue.protocols import Tracked, Tracker
from ...dialogue.single_turn import SingleTurnTracker
from .run import Run, run_of_predictions, run_tracker
from .shots import choose_shots

if TYPE_CHECKING:  # torch takes seconds to import, and most trackers do not need it
    from ...dialogue.t5 import T5DialogueModel

Prepared = Callable[[Callable[[], None]], Run]
"""Runs a tracker; its argument hears of every turn."""
KNOWN = (
    "keywords, t5, t5:FOLDER_OR_HUB_ID, single-turn, single-turn:ANOTHER, llm-updates, llm-state, llm-functions (these "
    "three also :MODEL and @K for K examples), or a prediction file (.jsonl)"
)


@dataclass(slots=True)
class Bench:
    """What trackers are made of, and the dialogues they run on.

    Attributes:
        llm: settings for the model that a tracker names, or for the usual one where it names none ("").
        record, replay: a recording to go on with, or to replay; at most one of them.
        example_pool: where the examples of `@K` come from.
        is_open: values outside the ontology count: T5 answers by questions, LLMs are told the values of Table 9.
    """

    dialogues: Sequence[Dialogue]
    llm: Callable[[str], LlmSettings]
    prices: dict[str, Price] = field(default_factory=dict)
    record: Path | None = None
    replay: Path | None = None
    example_pool: Callable[[], Sequence[Dialogue]] = lambda: ()
    seed: int = 0
    is_open: bool = False
    _completer: Completer | None = None
    _loaded: dict[str, "T5DialogueModel"] = field(default_factory=dict)

    def prepare(self, name: str) -> Prepared:
        """Find or load all that the tracker of a name needs; what comes back runs it over all dialogues.

        Raises:
            UnknownTracker, PredictionsDoNotFit, DialogueError
        """
        if name.endswith(".jsonl"):
            predictions = read_predictions(Path(name), OPEN_ONTOLOGY)
            run = run_of_predictions(Path(name).stem, predictions, self.dialogues)
            return lambda on_turn: run
        kind, _, rest = name.partition(":")
        if (match := re.fullmatch(r"(llm-\w+)(?::(.+?))?(?:@(\d+))?", name)) and match[1] in METHODS:
            return self._prepare_llm(name, match[1], match[2] or "", int(match[3] or 0))
        tracker = Stopwatch(self._local(name, kind, rest))
        return lambda on_turn: run_tracker(name, tracker, self.dialogues, 1, on_turn)

    def _local(self, name: str, kind: str, rest: str) -> Tracker:
        """A tracker that runs here."""
        if kind == "keywords" and not rest:
            return KeywordTracker()
        if kind == "t5":
            model = self._t5(rest)
            return _ByQuestions(model) if self.is_open else model
        if kind == "single-turn":
            inner, _, argument = (rest or "t5").partition(":")
            if inner != "single-turn":
                return SingleTurnTracker(self._local(name, inner, argument))
        raise UnknownTracker(name, f"choose from {KNOWN}")

    def _t5(self, name: str) -> "T5DialogueModel":
        from ...dialogue.t5 import load_dialogue_model

        if name not in self._loaded:
            self._loaded[name] = load_dialogue_model(name or None)
        return self._loaded[name]

    def _prepare_llm(self, name: str, kind: str, model: str, num_shots: int) -> Prepared:
        settings = self._settings(name, model)
        ontology = Ontology(OPEN_ONTOLOGY.slots) if self.is_open else ONTOLOGY
        try:
            shots = choose_shots(self.example_pool(), num_shots, self.seed) if num_shots else ()
        except ValueError as error:
            raise UnknownTracker(name, str(error)) from error
        completer = self._completer = self._completer or self._open(settings)
        tracker = LlmTracker(METHODS[kind](ontology, shots), completer, settings, self.prices)

        def run(on_turn: Callable[[], None]) -> Run:
            done = run_tracker(name, tracker, self.dialogues, settings.concurrency, on_turn)
            return replace(done, note=_note(settings, tracker.price, completer))

        return run

    def _settings(self, name: str, model: str) -> LlmSettings:
        try:
            return self.llm(model)
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UnknownTracker(
                name, f"{told} (name the model: {name}:MODEL, --model or CHATEDIT_LLM_MODEL)"
            ) from error

    def _open(self, settings: LlmSettings) -> Completer:
        if self.replay is not None:
            return Recording(self.replay)
        patient = Patient(OpenAiEndpoint(settings), settings)
        return patient if self.record is None else Recording(self.record, patient)


class _ByQuestions:
    """T5 by the question format (App. E.1)."""

    def __init__(self, model: "T5DialogueModel") -> None:
        self._model = model

    def track(self, contexts: Sequence[Context]) -> list[Tracked]:
        """See `protocols.Tracker.track`."""
        return self._model.track_open(contexts)


def _note(settings: LlmSettings, price: Price | None, completer: Completer) -> str:
    parts = [settings.model, f"prices of {price.as_of}" if price else "price not known"]
    if isinstance(completer, Recording) and completer.dates:
        days = sorted(completer.dates)
        parts.append(f"answers of {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else ""))
    return ", ".join(parts)
