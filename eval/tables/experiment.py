"""All edits of all tables, once a seed: rows, their pictures, their scores."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch.nn.functional as F

from ...editing.pack import Pack, templates_of
from ...editing.presets import Preset
from .case import Case, read_cases
from .chain import run_chains
from .dialogue_part import Predictions, carried
from .edit_store import EditStore
from .editor import Editors
from .row import MULTI, TALK, TRACKED, TRUTH, UNSEEN, Row, States, ablation_rows, main_rows, whole_state
from .scores import RowScores, Seen, score_row

Told = Callable[[str, int], Callable[[int], None]]
"""Name and size of a piece of work -> what hears of its progress."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to edit.

    Attributes:
        test, unseen: dialogue files; without `unseen` Table 10 has no second row.
        count: dialogues of each.
        seeds: who is drawn, for each seed anew.
        preset, ablated: how edits are optimised, and the objective of Table 11.
        model: tracks for "USR-T" and for the Talk-to-Edit style.
    """

    test: Path
    unseen: Path | None
    count: int
    seeds: tuple[int, ...]
    preset: Preset
    ablated: Preset
    model: str


@dataclass(frozen=True, slots=True)
class Edited:
    """One row with one seed: cases, PNG after each turn, what the reader saw in each, scores."""

    cases: Sequence[Case]
    states: States
    pictures: Sequence[Sequence[bytes]]
    seen: Sequence[Sequence[Seen | None]]
    scores: RowScores


@dataclass(slots=True)
class Experiment:
    """Runs a plan. What was done before, in this run or in one that was stopped, is taken from the store."""

    plan: Plan
    pack: Pack
    store: EditStore
    predictions: Predictions
    told: Told
    _embedded: dict[str, np.ndarray] = field(default_factory=dict)

    def run(self, editors: Editors) -> dict[str, list[Edited]]:
        """Row name -> one outcome a seed.

        Raises:
            EditError, DialogueError
        """
        found: dict[str, list[Edited]] = {}
        for seed in self.plan.seeds:
            for row, cases, states in self.rows(seed):
                edited = self._edited(row, cases, states, seed, editors)
                found.setdefault(row.name, []).append(edited)
            drawn = self._drawn(found[MULTI][-1].cases, seed, editors)
            if drawn is not None:
                found.setdefault(TRUTH, []).append(drawn)
        return found

    def rows(self, seed: int) -> list[tuple[Row, list[Case], States]]:
        """Every row with its cases and the states that it knows."""
        plan, size = self.plan, self.pack.image_size
        cases = read_cases(plan.test, size, seed, plan.count)
        oracle: States = [case.states for case in cases]
        known: Mapping[str, States] = {TRACKED: self._tracked(cases), TALK: self._alone(cases)}
        rows = [(row, cases, known.get(row.name, oracle)) for row in main_rows(plan.preset)]
        if plan.unseen is not None:
            others = read_cases(plan.unseen, size, seed, plan.count)
            rows.append((Row(UNSEEN, whole_state, plan.preset), others, [case.states for case in others]))
        return rows + [(row, cases, oracle) for row in ablation_rows(plan.ablated)]

    def embed(self, value: str) -> np.ndarray:
        """Unit text feature [C] of a value's own prompt."""
        if value not in self._embedded:
            feature = F.normalize(
                self.pack.clip.text_features([templates_of(self.pack.file).single_prompt(value)]).float(), dim=1
            )
            self._embedded[value] = feature[0].cpu().numpy()
        return self._embedded[value]

    def _edited(self, row: Row, cases: list[Case], states: States, seed: int, editors: Editors) -> Edited:
        chains = row.chains(cases, states, seed)
        name = f"seed {seed}, {row.name}"
        pictures = run_chains(chains, editors, self.store, self.told(name, sum(len(c.wishes) for c in chains)))
        scores, seen = score_row(cases, pictures, editors, self.embed, self._looked_at(name))
        return Edited(cases, states, pictures, seen, scores)

    def _drawn(self, cases: Sequence[Case], seed: int, editors: Editors) -> Edited | None:
        """What a perfect edit would give; None of photos."""
        pictures = [[case.truth(state) for state in case.states] for case in cases]
        known = [[picture for picture in row if picture is not None] for row in pictures]
        if any(len(row) != len(case.states) for row, case in zip(known, cases, strict=True)):
            return None
        scores, seen = score_row(cases, known, editors, self.embed, self._looked_at(f"seed {seed}, {TRUTH}"))
        return Edited(cases, [case.states for case in cases], known, seen, scores)

    def _looked_at(self, name: str) -> Callable[[int], Callable[[int], None]]:
        return lambda count: self.told(f"{name}: looking", count)

    def _tracked(self, cases: Sequence[Case]) -> States:
        dialogues = [case.dialogue for case in cases]
        done = self.told("tracking", sum(len(dialogue.turns) for dialogue in dialogues))
        return [carried(one) for one in self.predictions.of(self.plan.model, dialogues, 0, done)]

    def _alone(self, cases: Sequence[Case]) -> States:
        dialogues = [case.dialogue for case in cases]
        done = self.told("tracking each turn alone", sum(len(dialogue.turns) for dialogue in dialogues))
        return [carried(one) for one in self.predictions.alone(self.plan.model, dialogues, done)]
