"""From trained parts to the pack that ships: weights, statistics of w, limits, samples and a card of the run."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

from ..inversion import invert
from ..latent_prior import LatentPrior
from ..pack import load_pack
from ..pack_format import PackFile, read_pack_file, sha256_of, write_pack_file
from ..stylegan2 import num_ws_of
from .attribute_net import READER_WIDTHS, to_tensor
from .captions import JOINED_TEMPLATE, SINGLE_TEMPLATE
from .card import write_card
from .clip import CLIP_CONFIG
from .data import IMAGE_SIZE, Renders
from .domain import calibrate_domain
from .encoder import ENCODER_SIZE
from .encoder import STAGES as ENCODER_STAGES
from .factors import VALUES, attributes_of, person_of, sample_portrait
from .gates import GateReport, measure_gates
from .generator import CHANNELS, NUM_MAPPING_LAYERS, STYLE_DIM
from .identity import EMBEDDING_DIM, FACE_CROP, FACE_SIZE
from .identity import STAGES as IDENTITY_STAGES
from .parts import Parts, save_shipped
from .renderer import render
from .statistics import LatentStatistics, measure_statistics

LICENCE, DOMAIN = "Apache-2.0", "illustrated portraits"
_WEIGHTS = {"clip": 0.0, "presence": 1.0, "identity": 1.0, "prior": 0.02, "keep": 2.0, "background": 10.0}
_SHARED = {
    "weights": _WEIGHTS,
    "learning_rate": 0.03,
    "prompts": "per_value",
    "space": "whitened",
    "direction_strength": 1.0,
}
PRESETS = {"full": {**_SHARED, "steps": 40}, "fast": {**_SHARED, "steps": 10}}
INVERSION = {"refinement_steps": 32, "learning_rate": 0.1, "pull": 0.001, "identity": 0.03}
SAMPLE_SEEDS = (3, 8, 14, 21, 27, 33, 40, 52)
SAMPLE_SIZE_PX = 512


def export_pack(parts: Parts, held_out: Renders, pack: Path, minutes_trained: dict[str, float]) -> GateReport:
    """Write the whole pack folder; presets that its `pack.yaml` holds already are kept.

    Args:
        held_out: renders of a stream that nothing was trained on.
        minutes_trained: part -> wall-clock minutes, for the card.
    Returns:
        What the parts reach, as the card says.
    """
    statistics = measure_statistics(parts.distilled)
    prior = LatentPrior.fit(statistics.w)
    save_shipped(parts, pack)
    save_file(_latents(parts, statistics, prior), pack / "latents.safetensors")
    conditioner = parts.distilled.conditioner.state_dict()
    save_file({key: value.contiguous() for key, value in conditioner.items()}, pack / "conditioner.safetensors")
    images = to_tensor(np.asarray(held_out.images))
    write_pack_file(pack, _pack_file(pack, calibrate_domain(parts, prior, images).model_dump(exclude_none=True)))
    write_samples(pack / "samples")
    report = measure_gates(parts, held_out, partial(invert, load_pack(pack)))
    write_card(pack, report, minutes_trained, len(held_out))
    return report


def write_samples(folder: Path) -> None:
    """Eight portraits as PNG and `samples.json` with persons and values."""
    folder.mkdir(parents=True, exist_ok=True)
    index = []
    for number, seed in enumerate(SAMPLE_SEEDS, start=1):
        portrait = sample_portrait(np.random.default_rng(seed))
        values = [value for value in VALUES if value in attributes_of(portrait)]
        name = f"portrait-{number}.png"
        Image.fromarray(render(portrait, SAMPLE_SIZE_PX)).save(folder / name, optimize=True)
        index.append({"file": name, "seed": seed, "person": person_of(portrait), "attributes": values})
    (folder / "samples.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def _latents(parts: Parts, statistics: LatentStatistics, prior: LatentPrior) -> dict[str, torch.Tensor]:
    tensors = {
        "latent_avg": parts.latent_avg.expand(num_ws_of(IMAGE_SIZE), -1),
        "w_mean": prior.mean,
        "w_axes": prior.axes,
        "w_sigma": prior.sigma,
        "directions": statistics.directions,
        "affine_weights": statistics.affine_weights,
        "affine_biases": statistics.affine_biases,
    }
    return {name: value.float().contiguous().clone() for name, value in tensors.items()}


def _pack_file(pack: Path, domain_check: dict[str, float]) -> PackFile:
    presets, default, inversion = PRESETS, "full", INVERSION
    if (pack / "pack.yaml").exists():
        before = read_pack_file(pack)
        presets, default, inversion = before.presets, before.default_preset, before.inversion.model_dump()
    clip_config = {key: dict(value) if isinstance(value, dict) else value for key, value in CLIP_CONFIG.items()}
    return PackFile.model_validate(
        {
            "name": "portraits",
            "domain": DOMAIN,
            "description": "Drawn by this repository's renderer; works offline on a CPU.",
            "licence": LICENCE,
            "image_size_px": IMAGE_SIZE,
            "generator": _entry(
                pack,
                "generator",
                style_dim=STYLE_DIM,
                num_mapping_layers=NUM_MAPPING_LAYERS,
                mapping_lr_mul=1.0,
                channels=dict(CHANNELS),
            ),
            "encoder": _entry(pack, "encoder", input_size=ENCODER_SIZE, stages=ENCODER_STAGES),
            "identity": _entry(
                pack,
                "identity",
                input_size=FACE_SIZE,
                embedding_dim=EMBEDDING_DIM,
                stages=IDENTITY_STAGES,
                crop={key: value for key, value in FACE_CROP._asdict().items() if key != "output"},
            ),
            "clip": _entry(pack, "clip", config=clip_config, has_sigmoid_loss=True),
            "reader": _entry(pack, "reader", widths=READER_WIDTHS),
            "outside": _weights(pack, "outside"),
            "latents": {**_weights(pack, "latents"), "values": VALUES},
            "templates": {
                "joined": JOINED_TEMPLATE,
                "single": SINGLE_TEMPLATE,
                "phrases": {},
                "neutral": ("a portrait of a face",),
            },
            "presets": presets,
            "default_preset": default,
            "inversion": inversion,
            "domain_check": domain_check,
        }
    )


def _entry(pack: Path, name: str, **architecture: object) -> dict[str, object]:
    return {**_weights(pack, name), "architecture": architecture}


def _weights(pack: Path, name: str) -> dict[str, object]:
    path = pack / f"{name}.safetensors"
    with safe_open(path, framework="pt") as tensors:
        count = sum(tensors.get_tensor(key).numel() for key in tensors.keys())  # noqa: SIM118 - no mapping
    return {"file": path.name, "sha256": sha256_of(path), "parameters": count}


def report_as_json(report: GateReport) -> str:
    """All numbers of a report, for `--json`."""
    return json.dumps(
        {key: value if isinstance(value, float) else dict(value) for key, value in asdict(report).items()}
    )
