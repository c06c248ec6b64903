"""The optimisation of StyleCLIP, step for step."""

from pathlib import Path

import pytest
import torch
from chatedit.editing.edit_batch import EditBatch, EditModels
from chatedit.editing.edit_job import EditJob
from chatedit.editing.engine import Engine
from chatedit.editing.identity import identity_crop
from chatedit.editing.ir_se50 import IrSe50
from chatedit.editing.presets import TERMS, Preset, TermWeights
from chatedit.editing.schedule import learning_rate_at
from chatedit.editing.stylegan2 import Generator
from chatedit.editing.text_targets import TextTargets
from reference import files, filled, load

FIXTURES = files("trajectory_*.npz")


def models_and_job(path: Path) -> tuple[EditModels, EditJob]:
    arrays, size = load(path), int(path.stem.split("_")[1])
    generator = filled(Generator(size), int(arrays["seed"]))
    face, identity = identity_crop(size), filled(IrSe50(), int(arrays["seed"]))
    models = EditModels(
        generator=generator,
        image_features=lambda image: image.flatten(1) @ arrays["encoder"].T,
        identity_features=lambda image: identity(face(image)),
    )
    preset = Preset(
        name="fixture",
        weights=TermWeights(clip=1.0, l2=float(arrays["lambda_l2"]), identity=float(arrays["lambda_id"])),
        steps=int(arrays["steps"]),
        learning_rate=float(arrays["lr"]),
    )
    target = torch.nn.functional.normalize(arrays["target"], dim=1)
    return models, EditJob(arrays["w_source"][0], TextTargets(target, torch.ones(1), torch.zeros(1)), preset)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_latents_and_losses_follow_the_published_optimisation(path: Path):
    arrays = load(path)
    models, job = models_and_job(path)
    preset, batch = job.preset, EditBatch(models)
    batch.join([job])
    for step in range(preset.steps):
        rate = learning_rate_at(step, preset.steps, preset.learning_rate, preset.ramp_up, preset.ramp_down)
        report = batch.step([rate])
        terms = [report.losses[0, TERMS.index(name)] for name in ("clip", "l2", "identity")]
        ours = torch.stack([*terms, report.losses[0, -1]])
        assert torch.allclose(ours, arrays["losses"][step].double(), atol=2e-3, rtol=2e-3)
        if f"w_after_{step + 1}" in arrays:
            assert (batch.latents([0]) - arrays[f"w_after_{step + 1}"]).abs().max() < 2e-3


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_the_engine_ends_where_the_published_optimisation_ends(path: Path):
    arrays = load(path)
    models, job = models_and_job(path)
    [result] = Engine(models).run([job])
    assert (result.w_plus - arrays[f"w_after_{job.preset.steps}"][0]).abs().max() < 2e-3
