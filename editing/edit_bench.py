"""Presets of a pack compared on the same edits: speed, success, what else changed, identity."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..dialogue.belief_state import BeliefState, from_values
from ..dialogue.ontology import ONTOLOGY
from .attribute_reader import Reader
from .edit_job import EditResult
from .edit_quality import Originals, judge
from .engine import Engine
from .errors import EditError
from .fast_preset import sample_latents
from .image_file import to_tensor
from .inversion import invert
from .pack import Pack
from .presets import Preset

MAX_VALUES, TOGETHER = 3, 4


@dataclass(frozen=True, slots=True)
class Case:
    """One edit to do: a picture [3, S, S], its latent [num_ws, D] and what to ask for."""

    picture: Tensor
    w_plus: Tensor
    belief_state: BeliefState


@dataclass(frozen=True, slots=True)
class PresetScore:
    """What a preset reached; shares in [0, 1], None where the pack has no reader.

    Attributes:
        steps: mean optimiser steps.
        seconds: mean of one edit, alone.
        seconds_together: of one edit when `TOGETHER` run as a batch.
        present: of the values asked for, how many the reader sees in the result.
        changed: of the values not asked for, how many it sees appear or vanish.
        identity: mean cosine of the identity features of the source's reconstruction and the result.
        failed: edits that ended in an error.
    """

    preset: str
    edits: int
    steps: float
    seconds: float
    seconds_together: float
    present: float | None
    changed: float | None
    identity: float
    failed: int


def bench_cases(pack: Pack, count: int, seed: int = 0) -> list[Case]:
    """Edits of `count` pictures towards one to three random values that they do not have."""
    rng = np.random.default_rng(seed)
    cases = []
    for picture, there in _sources(pack, count, rng):
        absent = [value for value in ONTOLOGY.values if value not in there]
        wanted = rng.choice(absent, size=int(rng.integers(1, MAX_VALUES + 1)), replace=False)
        w_plus = invert(pack, picture[None])[0]
        cases.append(Case(picture, w_plus, from_values(str(value) for value in wanted)))
    return cases


def score_preset(
    pack: Pack,
    preset: Preset,
    cases: Sequence[Case],
    reader: Reader | None,
    report: Callable[[], None] = lambda: None,
) -> PresetScore:
    """Do every edit alone, and the first few once more together; `report` is called after each."""
    engine = Engine(pack.models(), pack.device)
    jobs = [pack.job(case.w_plus, case.belief_state, preset) for case in cases]
    engine.run(jobs[:1])  # warm up
    outcomes: list[EditResult | EditError] = []
    started = time.perf_counter()
    for job in jobs:
        outcomes += engine.run([job])
        report()
    seconds = (time.perf_counter() - started) / len(jobs)
    batch = (jobs * TOGETHER)[:TOGETHER]
    started = time.perf_counter()
    engine.run(batch)
    together = (time.perf_counter() - started) / len(batch)
    done = [(case, out) for case, out in zip(cases, outcomes, strict=True) if isinstance(out, EditResult)]
    if not done:
        raise next(out for out in outcomes if isinstance(out, EditError))
    quality = judge(
        pack,
        reader,
        Originals(torch.stack([case.picture for case, _ in done]), torch.stack([case.w_plus for case, _ in done])),
        torch.stack([result.image for _, result in done]),
        [case.belief_state for case, _ in done],
    )
    return PresetScore(
        preset=preset.name,
        edits=len(cases),
        steps=float(np.mean([out.steps for _, out in done])),
        seconds=seconds,
        seconds_together=together,
        present=quality.present,
        changed=quality.changed,
        identity=quality.identity,
        failed=len(cases) - len(done),
    )


def _sources(pack: Pack, count: int, rng: np.random.Generator) -> list[tuple[Tensor, set[str]]]:
    """Pictures [3, S, S] with the values that they are known to have; generated faces where nothing draws them."""
    if pack.name == "portraits":
        from PIL import Image

        from .portraits.factors import attributes_of, sample_portrait
        from .portraits.renderer import render

        portraits = [sample_portrait(rng) for _ in range(count)]
        images = [Image.fromarray(render(portrait, pack.image_size)) for portrait in portraits]
        return [
            (to_tensor(image, pack.image_size)[0], attributes_of(portrait))
            for image, portrait in zip(images, portraits, strict=True)
        ]
    with torch.no_grad():
        pictures = pack.generator(sample_latents(pack, count, int(rng.integers(2**31)))).clamp(-1.0, 1.0)
    return [(picture, set()) for picture in pictures]
