"""The optimisation of StyleCLIP, step for step.

What is compared, and why not simply 2e-3 after 20 steps.  The leaky ReLUs of a generator with random weights are kinks:
a number near one falls on this side or that by rounding, and the gradient jumps.  Of `trajectory_32.npz` (seed 11) in
float64, a start moved by 1e-8 ends 2e-7 away, but one moved by 1e-7, the size of float32's rounding, ends 1.5e-2 away
(the slow test below); the published loop in float32, literally, ends 1.4e-2 from itself in float64, and the fixture
1.9e-2.  Ending within 2e-3 of it takes the very rounding of the machine that made it.  So:

- in float64, where no rounding interferes, 20 steps of ours equal 20 of the published loop to 1e-5;
- the fixture follows that exact path, 2e-3 at first and 6 % of the way covered at last;
- in float32 we leave the exact path no further than the published float32 arithmetic does, and wherever that stays
  close to it (other fixtures may stay close to the end), 2e-3 holds for us, too.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from chatedit.editing.edit_batch import EditBatch, EditModels
from chatedit.editing.edit_job import EditJob
from chatedit.editing.identity import identity_crop
from chatedit.editing.ir_se50 import IrSe50
from chatedit.editing.presets import TERMS, Preset, TermWeights
from chatedit.editing.schedule import learning_rate_at
from chatedit.editing.stylegan2 import Generator
from chatedit.editing.text_targets import TextTargets
from published_loop import published_latents
from reference import files, filled, load
from torch import Tensor

FIXTURES = files("trajectory_*.npz")
pytestmark = pytest.mark.timeout(900)  # three runs through IR-SE50, minutes where other work shares the cores


class Networks(NamedTuple):
    generator: Generator
    identity: IrSe50
    size: int


def networks_of(path: Path, dtype: torch.dtype) -> Networks:
    seed, size = int(load(path)["seed"]), int(path.stem.split("_")[1])
    return Networks(filled(Generator(size), seed).to(dtype), filled(IrSe50(), seed), size)


def models_and_job(path: Path, dtype: torch.dtype = torch.float32) -> tuple[EditModels, EditJob]:
    arrays, (generator, identity, size) = load(path), networks_of(path, dtype)
    face, encoder = identity_crop(size), arrays["encoder"].to(dtype)
    models = EditModels(
        generator=generator,
        image_features=lambda image: image.flatten(1) @ encoder.T,
        identity_features=lambda image: identity(face(image.float())).to(dtype),
    )
    preset = Preset(
        name="fixture",
        weights=TermWeights(clip=1.0, l2=float(arrays["lambda_l2"]), identity=float(arrays["lambda_id"])),
        steps=int(arrays["steps"]),
        learning_rate=float(arrays["lr"]),
    )
    target = torch.nn.functional.normalize(arrays["target"].to(dtype), dim=1)
    return models, EditJob(arrays["w_source"][0], TextTargets(target, torch.ones(1), torch.zeros(1)), preset)


@cache
def exact_path(path: Path) -> list[Tensor]:
    """Latents of the published loop in float64 after each step."""
    generator, identity, _ = networks_of(path, torch.float64)
    return published_latents(load(path), generator, identity)


def recorded_steps(arrays: dict[str, Tensor]) -> list[int]:
    return sorted(int(name.removeprefix("w_after_")) for name in arrays if name.startswith("w_after_"))


def assert_as_close_as_rounding_allows(w_plus: Tensor, path: Path, step: int) -> None:
    arrays, exact = load(path), exact_path(path)[step - 1]
    published = arrays[f"w_after_{step}"]
    rounding = (published - exact).abs().max()
    assert (w_plus - published).abs().max() < (2e-3 if rounding < 1e-3 else 2.5 * rounding)
    assert (w_plus - exact).norm() <= max(1e-3 * (exact - arrays["w_source"]).norm(), 2.0 * (published - exact).norm())


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_in_float64_the_batch_takes_the_steps_of_the_published_loop(path: Path):
    models, job = models_and_job(path, torch.float64)
    preset, batch = job.preset, EditBatch(models, dtype=torch.float64)
    batch.join([job])
    for step in range(preset.steps):
        batch.step([learning_rate_at(step, preset.steps, preset.learning_rate, preset.ramp_up, preset.ramp_down)])
        assert (batch.latents([0]) - exact_path(path)[step]).abs().max() < 1e-5, f"after step {step + 1}"


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in FIXTURES if int(load(path)["seed"]) == 11], ids=lambda p: p.stem)
def test_rounding_of_the_start_in_float32_is_amplified_beyond_the_tolerance(path: Path):
    generator, identity, _ = networks_of(path, torch.float64)
    noise = torch.randn(load(path)["w_source"].shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for size, low, high in ((1e-8, 0.0, 1e-5), (1e-7, 2e-3, 1.0)):
        moved = published_latents(load(path), generator, identity, size * noise)[-1]
        assert low <= (moved - exact_path(path)[-1]).abs().max() < high


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_the_published_latents_follow_the_exact_path(path: Path):
    arrays = load(path)
    for step in recorded_steps(arrays):
        exact, published = exact_path(path)[step - 1], arrays[f"w_after_{step}"]
        if step <= 5:
            assert (published - exact).abs().max() < 2e-3
        assert (published - exact).norm() <= 0.06 * (exact - arrays["w_source"]).norm()


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_latents_and_losses_in_float32_are_as_close_to_the_published_ones_as_rounding_allows(path: Path):
    arrays = load(path)
    models, job = models_and_job(path)
    preset, batch = job.preset, EditBatch(models)
    batch.join([job])
    for step in range(preset.steps):
        rate = learning_rate_at(step, preset.steps, preset.learning_rate, preset.ramp_up, preset.ramp_down)
        report = batch.step([rate])
        terms = [report.losses[0, TERMS.index(name)] for name in ("clip", "l2", "identity")]
        ours = torch.stack([*terms, report.losses[0, -1]])
        assert torch.allclose(ours, arrays["losses"][step].double(), atol=1e-2, rtol=2e-3)
        if step + 1 in recorded_steps(arrays):
            assert_as_close_as_rounding_allows(batch.latents([0]), path, step + 1)
