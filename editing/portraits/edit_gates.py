"""What edits of the shipped pack must reach, measured on portraits that no training has seen."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ...dialogue.belief_state import BeliefState, from_values, values
from ..attribute_reader import load_reader
from ..edit_job import EditResult
from ..edit_quality import EditQuality, Originals, judge
from ..engine import Engine
from ..image_file import to_tensor
from ..inversion import invert
from ..pack import Pack
from ..presets import Preset
from .card import replace_section
from .factors import VALUES, Portrait, attributes_of, sample_portrait
from .renderer import render

SEED = 2026
SINGLE_TARGET, SINGLE_FLOOR, SEVERAL_TARGET = 0.93, 0.80, 0.90
CHANGED_LIMIT, IDENTITY_TARGET, BACKGROUND_LIMIT = 0.06, 0.90, 0.02
MOST_VALUES, TOGETHER = 6, 8
CARD_TITLE = "## Measured edits"


@dataclass(frozen=True, slots=True)
class EditCases:
    """Portraits, and for each one value that it lacks and a state of two to six values."""

    originals: Originals
    single: Sequence[BeliefState]
    several: Sequence[BeliefState]


@dataclass(frozen=True, slots=True)
class EditGateReport:
    """Quality of the edits towards single values and towards states of several; wall-clock seconds an edit."""

    preset: str
    steps: int
    single: EditQuality
    several: EditQuality
    seconds: float

    def failures(self) -> list[str]:
        """What misses its target, in words."""
        by_value, parts = self.single.present_by_value, (self.single, self.several)
        missed = [f"{value}: {share:.2f} present" for value, share in by_value.items() if share < SINGLE_FLOOR]
        for name, quality, target in zip(("single", "several"), parts, (SINGLE_TARGET, SEVERAL_TARGET), strict=True):
            present, changed, background = quality.present or 0.0, quality.changed or 0.0, quality.background or 0.0
            missed += [f"{name}: {present:.3f} present"] if present < target else []
            missed += [f"{name}: {changed:.3f} of the others changed"] if changed > CHANGED_LIMIT else []
            identity = min(quality.identity, quality.identity_to_photo)
            missed += [f"{name}: identity {identity:.3f}"] if identity < IDENTITY_TARGET else []
            missed += [f"{name}: background changed by {background:.3f}"] if background > BACKGROUND_LIMIT else []
        return [f"{self.preset}, {failure}" for failure in missed]


def edit_cases(pack: Pack, count: int, seed: int = SEED) -> EditCases:
    """The requests of `sample_requests` with their portraits drawn and inverted."""
    portraits, single, several = sample_requests(count, seed)
    size = pack.image_size
    pictures = torch.cat([to_tensor(Image.fromarray(render(portrait, size)), size) for portrait in portraits])
    w_plus = torch.cat([invert(pack, part).cpu() for part in pictures.split(TOGETHER)])
    return EditCases(Originals(pictures, w_plus), single, several)


def sample_requests(count: int, seed: int = SEED) -> tuple[list[Portrait], list[BeliefState], list[BeliefState]]:
    """`count` portraits, and for each a single value and a state of several.

    Over them every value is the single one equally often, as far as portraits lack it.
    """
    rng = np.random.default_rng(seed)
    portraits = [sample_portrait(rng) for _ in range(count)]
    single, several = [], []
    for number, portrait in enumerate(portraits):
        there = attributes_of(portrait)
        turned = [VALUES[(number + i) % len(VALUES)] for i in range(len(VALUES))]
        single.append(from_values([next(value for value in turned if value not in there)]))
        several.append(random_state(rng, int(rng.integers(2, MOST_VALUES + 1))))
    return portraits, single, several


def random_state(rng: np.random.Generator, size: int) -> BeliefState:
    """A state of `size` values that go together."""
    while True:
        state = from_values(str(value) for value in rng.choice(VALUES, size=size, replace=False))
        if len(values(state)) == size:
            return state


def measure_edits(
    pack: Pack, preset: Preset, cases: EditCases, report: Callable[[int], None] = lambda done: None
) -> EditGateReport:
    """Do every edit and judge it; `report` hears how many are done.

    Raises:
        EditError: an edit failed.
    """
    engine, reader = Engine(pack.models(), pack.device, max_batch=TOGETHER), load_reader(pack)
    started = time.monotonic()

    def quality(states: Sequence[BeliefState]) -> EditQuality:
        results = []
        for first in range(0, len(states), TOGETHER):
            rows = range(first, min(first + TOGETHER, len(states)))
            jobs = [pack.job(cases.originals.w_plus[i], states[i], preset) for i in rows]
            for outcome in engine.run(jobs):
                if not isinstance(outcome, EditResult):
                    raise outcome
                results.append(outcome.image)
            report(len(rows))
        return judge(pack, reader, cases.originals, torch.stack(results), states)

    single, several = quality(cases.single), quality(cases.several)
    seconds = (time.monotonic() - started) / (len(cases.single) + len(cases.several))
    return EditGateReport(preset.name, preset.steps, single, several, seconds)


def write_edits(card: Path, reports: Sequence[EditGateReport], command: str) -> None:
    """Put what was measured into a pack's card, each preset into a section of its own."""
    for report in reports:
        replace_section(card, f"{CARD_TITLE}: {report.preset}", _section(report, command))


def _section(report: EditGateReport, command: str) -> str:
    lines = [
        f"{CARD_TITLE}: {report.preset}",
        "",
        f"By `{command}`: {report.single.edits} held-out portraits, each edited towards one value that",
        "it lacks and towards a random state of two to six values, read by the reader. `changed`: of the values that",
        "nobody asked for; `identity`: cosine to the original as the generator draws it, and to the picture itself;",
        "`background`: root mean square change of the pixels outside face and hair (1 is from black to white).",
        "",
        f"| {report.steps} steps | present | changed | identity | to the picture | background |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, quality in (("single values", report.single), ("states of 2-6", report.several)):
        identities = (quality.identity, quality.identity_to_photo)
        numbers = (quality.present, quality.changed, *identities, quality.background)
        cells = " | ".join("-" if number is None else f"{number:.3f}" for number in numbers)
        lines.append(f"| {name} | {cells} |")
    shares = report.single.present_by_value.items()
    listed = ", ".join(f"{value} {share:.2f}" for value, share in shares if share < 1)
    return "\n".join([*lines, "", f"Single values present in all: all{f' but {listed}' if listed else ''}.", ""])
