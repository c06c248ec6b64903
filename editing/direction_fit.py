"""Learned directions for a pack that has none, and the `fast` preset that starts from them.

For every value, a few generated faces are edited with a slow preset; the mean offset is the direction, one vector a
layer (W+). An edit that starts there has little left to do, so that a tenth of the steps refines it.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..dialogue.belief_state import from_values
from ..dialogue.ontology import ONTOLOGY
from .edit_job import EditResult
from .engine import Engine
from .errors import EditError
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
        PackInvalid: the pack has directions already.
        OptimiserDiverged: every edit towards a value failed.
    """
    if pack.latents.directions is not None or pack.latents.affine_weights is not None:
        raise PackInvalid(str(pack.folder), "it has directions already")
    directions = fit_directions(pack, preset, num_faces, seed, values, report)
    tensors = {**load_file(pack.folder / pack.file.latents.file), "directions": directions}
    written = write_weights(pack.folder, LATENTS_FILE, tensors)
    fields = pack.file.model_dump(mode="json", exclude_none=True)
    fields["latents"] = {**written.model_dump(), "values": tuple(values)}
    fields["presets"][FAST] = fast_fields(preset)
    write_pack_file(pack.folder, PackFile.model_validate(fields))
    (pack.folder / pack.file.latents.file).unlink()
    return pack.folder


def fit_directions(
    pack: Pack,
    preset: Preset,
    num_faces: int,
    seed: int,
    values: Sequence[str],
    report: Callable[[str], None] = lambda value: None,
) -> Tensor:
    """Directions [V, num_ws, D]: the mean offset that the preset finds for each value; other arguments as above.

    Raises:
        OptimiserDiverged: every edit towards a value failed.
    """
    faces = sample_latents(pack, num_faces, seed)
    engine, directions = Engine(pack.models(), pack.device, max_waiting=num_faces), []
    for value in values:
        report(value)
        outcomes = engine.run([pack.job(face, from_values([value]), preset) for face in faces])
        offsets = [
            result.w_plus - face.cpu()
            for face, result in zip(faces, outcomes, strict=True)
            if isinstance(result, EditResult)
        ]
        if not offsets:
            raise next(outcome for outcome in outcomes if isinstance(outcome, EditError))
        directions.append(torch.stack(offsets).mean(dim=0))
    return torch.stack(directions)


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
