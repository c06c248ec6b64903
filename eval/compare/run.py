"""Run a tracker over whole dialogues, turn by turn, and keep what every turn took."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ...dialogue.belief_state import EMPTY, BeliefState
from ...dialogue.contexts import context_at
from ...dialogue.dialogue_file import Dialogue, Prediction
from ...dialogue.measured import Measured, MeasuredTracker
from ...dialogue.protocols import Tracked
from ..errors import PredictionsDoNotFit


@dataclass(frozen=True, slots=True)
class Run:
    """What one tracker made of a file.

    Attributes:
        dialogues: one list of turns a dialogue, in the order of the file.
        note: what a reader should know (of which date prices and recorded answers are); may be empty.
    """

    name: str
    dialogues: tuple[tuple[Measured, ...], ...]
    note: str = ""

    @property
    def turns(self) -> list[Measured]:
        """All turns."""
        return [turn for dialogue in self.dialogues for turn in dialogue]


def run_tracker(
    name: str,
    tracker: MeasuredTracker,
    dialogues: Sequence[Dialogue],
    concurrency: int = 1,
    on_turn: Callable[[], None] = lambda: None,
) -> Run:
    """The tracker's own states are carried from turn to turn; the system's words are those of the file.

    Several dialogues at a time where `concurrency` allows it; the turns of one always follow each other.
    """
    with ThreadPoolExecutor(concurrency) as pool:
        futures = [pool.submit(_run_dialogue, tracker, dialogue, on_turn) for dialogue in dialogues]
        try:
            return Run(name, tuple(future.result() for future in futures))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # a wrong key must not fail a thousand times
            raise


def run_of_predictions(name: str, predictions: Sequence[Prediction], dialogues: Sequence[Dialogue]) -> Run:
    """What a prediction file says, without times or costs.

    Raises:
        PredictionsDoNotFit
    """
    found = {prediction.id: prediction for prediction in predictions}
    rows = []
    for dialogue in dialogues:
        prediction = found.get(dialogue.id)
        if prediction is None or len(prediction.states) != len(dialogue.turns):
            raise PredictionsDoNotFit(name, f"no prediction for all turns of dialogue {dialogue.id}")
        rows.append(_row(prediction))
    return Run(name, tuple(rows), "read from a file: no latency, no cost")


def _run_dialogue(tracker: MeasuredTracker, dialogue: Dialogue, on_turn: Callable[[], None]) -> tuple[Measured, ...]:
    turns: list[Measured] = []
    systems = [turn.system or "" for turn in dialogue.turns]
    for index in range(len(dialogue.turns)):
        context = context_at(dialogue, index, [turn.tracked.state for turn in turns], systems)
        turns.append(tracker.measure(context))
        on_turn()
    return tuple(turns)


def _row(prediction: Prediction) -> tuple[Measured, ...]:
    """A turn that could not be read keeps the state before it, as `prediction.predict` does."""
    turns: list[Measured] = []
    state: BeliefState = EMPTY
    for predicted in prediction.states:
        state = state if predicted is None else predicted
        failure = "unparsed" if predicted is None else ""
        tracked = Tracked(state, error=failure)
        turns.append(Measured(tracked, failure, tokens_in=None, tokens_out=None, cost_usd=None))
    return tuple(turns)
