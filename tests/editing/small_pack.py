"""A pack of 32 px networks with random weights, written to a folder in well under a second."""

from pathlib import Path

import torch
from chatedit.editing.clip_model import build_clip
from chatedit.editing.latent_prior import LatentPrior
from chatedit.editing.latents import tensors_of_prior
from chatedit.editing.pack import build_encoder, build_generator, build_identity
from chatedit.editing.pack_format import PackFile, write_pack_file
from chatedit.editing.pack_weights import write_weights

SIZE, STYLE_DIM = 32, 16
STAGES = [[4, 1], [6, 1], [8, 1], [8, 1]]
CLIP_CONFIG = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16, "head_width": 64},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
    "init_logit_bias": -2.0,
}
NO_WEIGHTS = {"file": "none", "sha256": "0" * 64, "parameters": 1}
VALUES = ("smiling", "blond hair")
PACK = {
    "name": "small",
    "domain": "random pictures",
    "licence": "Apache-2.0",
    "image_size_px": SIZE,
    "generator": {
        **NO_WEIGHTS,
        "architecture": {
            "style_dim": STYLE_DIM,
            "num_mapping_layers": 2,
            "mapping_lr_mul": 1.0,
            "channels": {4: 8, 8: 8, 16: 6, 32: 4},
        },
    },
    "encoder": {**NO_WEIGHTS, "architecture": {"input_size": 32, "stages": STAGES}},
    "identity": {
        **NO_WEIGHTS,
        "architecture": {
            "input_size": 16,
            "embedding_dim": 8,
            "stages": STAGES,
            "crop": {"top": 4, "bottom": 28, "left": 4, "right": 28, "canvas": 32},
        },
    },
    "clip": {**NO_WEIGHTS, "architecture": {"config": CLIP_CONFIG, "has_sigmoid_loss": True}},
    "latents": {**NO_WEIGHTS, "values": VALUES},
    "presets": {
        "full": {"weights": {"clip": 1.0, "prior": 0.01}, "steps": 6, "learning_rate": 0.1, "space": "whitened"},
        "fast": {"weights": {"clip": 1.0}, "steps": 2, "learning_rate": 0.1, "direction_strength": 1.0},
    },
    "default_preset": "full",
}


def write_small_pack(folder: Path, with_directions: bool = True) -> Path:
    """Write the pack into `folder/small` and return that; without directions it has no preset `fast`."""
    path = folder / "small"
    path.mkdir(parents=True)
    draft = PackFile.model_validate(PACK)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        generator = build_generator(draft)
        with torch.no_grad():
            w = generator.mapping(torch.randn(300, STYLE_DIM))
        modules = {
            "generator": generator,
            "encoder": build_encoder(draft),
            "identity": build_identity(draft),
            "clip": build_clip(CLIP_CONFIG, path),
        }
        latents = {
            "latent_avg": w.mean(dim=0).expand(generator.num_ws, -1),
            **tensors_of_prior(LatentPrior.fit(w)),
        }
        if with_directions:
            latents["directions"] = torch.randn(len(VALUES), STYLE_DIM)
    entries = {}
    for name, module in modules.items():
        written = write_weights(path, f"{name}.safetensors", module.state_dict())
        entries[name] = {**PACK[name], **written.model_dump()}
    entries["latents"] = {"values": VALUES, **write_weights(path, "latents.safetensors", latents).model_dump()}
    presets = PACK["presets"] if with_directions else {"full": PACK["presets"]["full"]}
    write_pack_file(path, PackFile.model_validate({**PACK, **entries, "presets": presets}))
    return path
