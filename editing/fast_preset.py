"""Adds the `fast` preset to a pack that has no directions: they are learned from full edits of generated faces.

An edit that starts where the directions lead has little left to do, so that a tenth of the steps refines it.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..dialogue.belief_state import from_values
from ..dialogue.ontology import ONTOLOGY
from .directions import fit_directions
from .edit_job import EditJob
from .engine import Engine
from .pack import Pack
from .pack_errors import PackInvalid
from .pack_format import PackFile, write_pack_file
from .pack_weights import write_weights
from .presets import Preset

FAST = "fast"
STEPS_SHARE, RATE_SHARE = 0.1, 0.5  # of the slow preset's steps and learning rate; the start is near the goal
TRUNCATION_PSI = 0.7  # of the generated faces: plausible ones, as the encoder returns
LATENTS_FILE = "latents-with-directions.safetensors"  # a new name: pack.yaml always names a whole file


def add_fast_preset(
    pack: Pack,
    preset: Preset,
    num_faces: int,
    seed: int = 0,
    values: Sequence[str] = ONTOLOGY.values,
    report: Callable[[str], None] = lambda value: None,
) -> Path:
    """Fit a direction for each value and write them, with a preset `fast`, into the pack's folder.

    Args:
        preset: the slow preset whose results are learned.
        num_faces: faces that are edited towards each value.
        report: called with each value before its edits.
    Returns:
        The pack's folder.
    Raises:
        PackInvalid: the pack has directions already, or no statistics of w.
        OptimiserDiverged: every edit towards a value failed.
    """
    if pack.latents.prior is None:
        raise PackInvalid(str(pack.folder), f"{pack.file.latents.file} holds no w_mean, w_axes and w_sigma")
    if pack.latents.directions is not None or pack.latents.affine_weights is not None:
        raise PackInvalid(str(pack.folder), "it has directions already")
    started: set[str] = set()

    def job(w_source: Tensor, value: str) -> EditJob:
        if value not in started:
            started.add(value)
            report(value)
        return pack.job(w_source, from_values([value]), preset)

    faces = sample_latents(pack, num_faces, seed)
    engine = Engine(pack.models(), pack.device, max_waiting=num_faces)
    learned = fit_directions(engine, job, values, faces, pack.latents.prior)
    tensors = {**load_file(pack.folder / pack.file.latents.file), **learned.tensors()}
    written = write_weights(pack.folder, LATENTS_FILE, tensors)
    fields = pack.file.model_dump(mode="json", exclude_none=True)
    fields["latents"] = {**written.model_dump(), "values": learned.values}
    fields["presets"][FAST] = fast_fields(preset)
    write_pack_file(pack.folder, PackFile.model_validate(fields))
    (pack.folder / pack.file.latents.file).unlink()
    return pack.folder


@torch.no_grad()
def sample_latents(pack: Pack, count: int, seed: int) -> Tensor:
    """Latents [count, num_ws, D] of random faces, drawn towards the average."""
    generator = pack.generator
    z = torch.randn(count, generator.style_dim, generator=torch.Generator().manual_seed(seed))
    average = pack.latents.latent_avg.to(pack.device)
    w_plus = generator.broadcast(generator.mapping(z.to(pack.device)))
    return average + TRUNCATION_PSI * (w_plus - average)


def fast_fields(preset: Preset) -> dict[str, object]:
    """The `fast` preset for `pack.yaml`, derived from the slow one."""
    fields = {key: value for key, value in dataclasses.asdict(preset).items() if key != "name"}
    return {
        **fields,
        "steps": max(1, round(STEPS_SHARE * preset.steps)),
        "learning_rate": RATE_SHARE * preset.learning_rate,
        "direction_strength": 1.0,
    }
