"""The rows of the tables: what each way of editing is asked for, turn by turn."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...dialogue.belief_state import EMPTY, BeliefState
from ...editing.presets import Preset
from .case import Case, is_photo
from .chain import Chain
from .wish import Wish, turn_wish

START_NOISE = 0.02  # of photos, in the preset's space: so that seeds differ where nobody is drawn anew
SINGLE, MULTI, DIAL, TRACKED, TALK, UNSEEN = (
    "single-turn, USR",
    "multi-turn, USR",
    "multi-turn, Dial",
    "multi-turn, USR-T",
    "Talk-to-Edit style",
    "out of domain, USR",
)
TRUTH = "the renderer itself"
WHOLE, WITHOUT_ID, WITHOUT_L2 = "whole objective", "without L_id", "without L2"
States = Sequence[Sequence[BeliefState]]


@dataclass(frozen=True, slots=True)
class Row:
    """One way of editing all cases.

    Attributes:
        name: one of the names above.
        wishes: case and its states, as this way knows them -> a wish a turn.
        preset: how edits are optimised.
        is_cascade: see `Chain`.
    """

    name: str
    wishes: Callable[[Case, Sequence[BeliefState]], tuple[Wish, ...]]
    preset: Preset
    is_cascade: bool = False

    def chains(self, cases: Sequence[Case], states: States, seed: int) -> list[Chain]:
        """The edits of all cases, given each one's states (annotated or tracked)."""
        preset = self.preset
        if is_photo(cases) and not preset.start_noise:
            preset = dataclasses.replace(preset, start_noise=START_NOISE)
        return [
            Chain(case.picture, self.wishes(case, known), preset, seed, self.is_cascade)
            for case, known in zip(cases, states, strict=True)
        ]


def main_rows(preset: Preset) -> list[Row]:
    """Tables 5 and 6."""
    return [
        Row(SINGLE, by_turn, preset, is_cascade=True),
        Row(MULTI, whole_state, preset),
        Row(DIAL, raw_dialogue, preset),
        Row(TRACKED, whole_state, preset),
        Row(TALK, by_turn, preset, is_cascade=True),
    ]


def ablation_rows(preset: Preset) -> list[Row]:
    """Table 11, on the last turn of each dialogue."""
    presets = {WHOLE: preset, WITHOUT_ID: preset.without("identity"), WITHOUT_L2: preset.without("l2")}
    return [Row(name, last_state, one) for name, one in presets.items()]


def whole_state(case: Case, states: Sequence[BeliefState]) -> tuple[Wish, ...]:
    """Everything asked for so far."""
    return tuple(Wish.of(state) for state in states)


def last_state(case: Case, states: Sequence[BeliefState]) -> tuple[Wish, ...]:
    """Everything that the whole dialogue asks for, once."""
    return (Wish.of(states[-1]),)


def by_turn(case: Case, states: Sequence[BeliefState]) -> tuple[Wish, ...]:
    """What each turn adds or takes back."""
    shown = case.shown()
    return tuple(turn_wish(before, after, shown) for before, after in zip([EMPTY, *states], states, strict=False))


def raw_dialogue(case: Case, states: Sequence[BeliefState]) -> tuple[Wish, ...]:
    """All that was said so far, word for word: the texts are the utterances, each a prompt of its own."""
    said: list[str] = []
    wishes = []
    for turn in case.dialogue.turns:
        said.append(turn.user)
        wishes.append(Wish(texts=tuple(said)))
        if turn.system:
            said.append(turn.system)
    return tuple(wishes)


ROW_NOTES: Mapping[str, str] = {
    SINGLE: "edits the picture of the turn before towards what this turn asks for (oracle)",
    MULTI: "edits the original towards the whole belief state (oracle)",
    DIAL: "edits the original towards the words of the dialogue, an utterance a prompt; another optimisation than the "
    "rows beside it: nothing keeps what the words do not ask for, and no learned start, since both need values",
    TRACKED: "edits the original towards the belief state that the dialogue model tracked",
    TALK: "edits the picture of the turn before towards what the dialogue model hears in this utterance alone",
    TRUTH: "what the renderer draws for the same person and the whole belief state: no edit, and no bound either, "
    "since the editor optimises the CLIP that measures MinRel and AvgRel",
    UNSEEN: "the second row on test_unseen.jsonl (Table 9)",
}
