"""From the options of `chatedit eval tables` to results: what is run, with which objectives, and what is said of it."""

import dataclasses
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ...dialogue.dialogue_file import Dialogue
from ...editing.pack import Pack, load_pack
from ...editing.presets import PAPER, Preset
from .. import dialogue_scores
from ..compare.provenance import provenance
from ..statistics import statistics
from ..terminal import read_annotated, read_open_dialogues
from .chain import missing
from .dialogue_part import ModelSize, Predictions, model_folder, parse_sizes
from .edit_store import EditStore
from .editor import TOGETHER, EditorConfig, Editors
from .experiment import Edited, Experiment, Plan, Told
from .figures import draw_figures
from .human_study import write_human_study
from .look import Looker
from .results import DialogueRow, Results

FAST = "fast"
ABLATED_STEPS = 40  # of the paper's objective on a pack whose own preset has no L2 term: it has converged by then
HUMAN = "human"
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Study:
    """Options of the command; see there."""

    data: Path
    pack_name: str
    models: tuple[str, ...]
    out: Path
    count: int
    tracked: int
    seeds: int
    preset_name: str | None
    imagenet: bool
    device: str
    processes: int | None

    def run(self, told: Told, command: str, started: float) -> Results:
        """Do everything that is not done yet.

        Args:
            command: what the page says.
            started: `time.monotonic()` of the start, for the page.
        Raises:
            PackError, InvalidPreset, EditError, DialogueError, EvalError
        """
        self.check()
        statistics = self._statistics()
        with self._editors() as editors:
            edited = self.experiment(told).run(editors)
        dialogue, responses = self._dialogue(told)
        write_human_study({name: row[0] for name, row in edited.items()}, responses, self.out / HUMAN)
        figures = draw_figures({name: row[0] for name, row in edited.items()}, responses, self.out / "figures")
        took = f"{(time.monotonic() - started) / 60:.0f} minutes (what earlier runs had done is not counted)"
        source = {**provenance(command.split()), "command": f"`{command}`", "took": took}
        return Results(
            source,
            self._settings(edited),
            self.looker.space.suffix,
            {name: [one.scores for one in row] for name, row in edited.items()},
            dialogue,
            self._tracking(dialogue, told),
            statistics,
            figures,
        )

    def estimate(self, told: Told) -> list[str]:
        """How long the missing edits would take, in lines: from a batch of each preset (kept, so nothing is lost)."""
        self.check()
        experiment = self.experiment(told)
        due: dict[str, int] = {}
        seconds: dict[str, float] = {}
        speeds: dict[str, float] = {}
        with self._editors() as editors:
            for seed in experiment.plan.seeds:
                for row, cases, states in experiment.rows(seed):
                    wanted = missing(row.chains(cases, states, seed), experiment.store)
                    key = repr(row.preset.weights) + str(row.preset.steps)
                    if key not in speeds and wanted:
                        sample = wanted[: TOGETHER * self.num_processes]
                        editors.edit(sample[:1])  # processes load their networks
                        begun = time.monotonic()
                        editors.edit(sample)
                        speeds[key] = (time.monotonic() - begun) / len(sample)
                    due[row.name] = due.get(row.name, 0) + len(wanted)
                    seconds[row.name] = seconds.get(row.name, 0.0) + len(wanted) * speeds.get(key, 0.0)
        lines = [f"{name}: {count} edits, {seconds[name] / 60:.1f} minutes" for name, count in due.items()]
        lines.append(f"together about {sum(seconds.values()) / 60:.0f} minutes, as fast as the machine is now")
        return [*lines, "edits only: tracking, Table 4 and the scores come on top"]

    def check(self) -> None:
        """Refuse what could not be finished, before anything long is begun.

        Raises:
            ModelNotFound, DataNotReadable, ImageNetWeightsMissing
        """
        for model in (model for size in self.sizes for model in size.models):
            model_folder(model)
        for name in ("test", *(["test_unseen"] if self._unseen.exists() else [])):
            self._dialogues(name, max(self.count, self.tracked))
        _ = self.looker

    def experiment(self, told: Told) -> Experiment:
        """The edits of all rows."""
        plan = Plan(
            self.data / "test.jsonl",
            self._unseen if self._unseen.exists() else None,
            self.count,
            tuple(range(self.seeds)),
            self.preset,
            self.ablated,
            self.sizes[0].models[0],
        )
        return Experiment(plan, self.pack, EditStore(self._edits, self.pack), self.predictions, told)

    @cached_property
    def pack(self) -> Pack:
        return load_pack(self.pack_name, self.device)

    @cached_property
    def looker(self) -> Looker:
        """The networks that look, of this process: here to fail early; the editing processes load their own."""
        return Looker.of(self.pack, self.imagenet)

    @cached_property
    def predictions(self) -> Predictions:
        return Predictions(self.out / "predictions")

    @property
    def sizes(self) -> list[ModelSize]:
        """Lines of Table 4."""
        return parse_sizes(self.models)

    @property
    def preset(self) -> Preset:
        """How the edits of Tables 5, 6 and 10 are optimised."""
        name = self.preset_name or (FAST if FAST in self.pack.presets else None)
        return self.pack.preset(name)

    @property
    def ablated(self) -> Preset:
        """The objective of Table 11: the pack's own where it has both terms, else the paper's (eq. 7)."""
        weights = self.preset.weights
        if weights.l2 and weights.identity:
            return self.preset
        return dataclasses.replace(PAPER, steps=ABLATED_STEPS)

    @property
    def num_processes(self) -> int:
        """Editing processes."""
        return self.processes or (os.cpu_count() or 1 if self.device == "cpu" else 1)

    @property
    def _unseen(self) -> Path:
        return self.data / "test_unseen.jsonl"

    @property
    def _edits(self) -> Path:
        return self.out / "edits"

    def _editors(self) -> Editors:
        config = EditorConfig(self.pack_name, self._edits, self.device, self.imagenet)
        return Editors(config, self.num_processes)

    def _dialogue(self, told: Told) -> tuple[list[DialogueRow], Sequence[Sequence[str]]]:
        """Table 4, and the replies of the tracking model for the figures."""
        dialogues = self._dialogues("test")
        rows = []
        for size in self.sizes:
            runs = [(model, 0) for model in size.models]
            if len(runs) == 1:
                runs = [(size.models[0], seed) for seed in range(self.seeds)]
            turns = sum(len(dialogue.turns) for dialogue in dialogues)
            found = [
                dialogue_scores.score(
                    size.name,
                    self.predictions.of(name, dialogues, seed, told(f"Table 4, {size.name}, {seed}", turns)),
                    dialogues,
                )
                for name, seed in runs
            ]
            answers = [one.responses for one in found if one.responses is not None]
            rows.append(
                DialogueRow(
                    size.name,
                    [one.joint_accuracy.mean for one in found],
                    [one.bleu for one in answers],
                    [one.distinct_1 for one in answers],
                    [one.distinct_2 for one in answers],
                    len(dialogues),
                )
            )
        first = self._dialogues("test", self.count)
        replies = self.predictions.of(self.sizes[0].models[0], first, 0)
        return rows, [one.responses for one in replies]

    def _tracking(self, dialogue: Sequence[DialogueRow], told: Told) -> dict[str, tuple[float, int]]:
        """Joint accuracy in and out of domain."""
        first = dialogue[0]
        found = {"in domain": (dialogue_scores.spread(first.joint_accuracy).mean, first.num_dialogues)}
        if self._unseen.exists():
            unseen = self._dialogues("test_unseen")
            done = told("tracking out of domain", sum(len(one.turns) for one in unseen))
            predictions = self.predictions.unseen(self.sizes[0].models[0], unseen, done)
            scores = dialogue_scores.score(first.name, predictions, unseen)
            found["out of domain"] = (scores.joint_accuracy.mean, len(unseen))
        return found

    def _statistics(self) -> dict[str, float]:
        """Table 3, where all three files are there."""
        files = [self.data / f"{name}.jsonl" for name in SPLITS]
        if not all(file.exists() for file in files):
            return {}
        return statistics([dialogue for file in files for dialogue in read_open_dialogues(file)]).table

    def _dialogues(self, name: str, count: int | None = None) -> list[Dialogue]:
        return read_annotated(self.data / f"{name}.jsonl", count or self.tracked)

    def _settings(self, edited: dict[str, list[Edited]]) -> dict[str, str]:
        """What a reader needs to know about the numbers."""
        some = next(iter(edited.values()))
        drawn = "drawn from the dialogues' attributes" if some[0].cases[0].portrait else "named by the dialogues"
        own, ablated = self.preset, self.ablated
        return {
            "pack": f"{self.pack.name} ({self.pack.file.domain}), {self.pack.image_size} px",
            "dialogue model": ", ".join(f"{size.name} ({', '.join(size.models)})" for size in self.sizes),
            "dialogues": f"the first {self.count} of each test file, pictures {drawn}",
            "seeds": f"{', '.join(map(str, range(self.seeds)))}: each draws other people (of photos: another start)",
            "edits": f"preset {own.name}, {own.steps} steps, {own.weights}",
            "Table 11": f"the objective {ablated.name} with {ablated.steps} steps, {ablated.weights}",
            "metrics": f"after the last turn; distances by {self.looker.space.note}; MinRel "
            "and AvgRel by the pack's CLIP, which the editor optimises as the paper's does",
        }
