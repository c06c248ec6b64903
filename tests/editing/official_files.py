"""Files in the form of the official checkpoints, of small networks with random weights."""

import json
from pathlib import Path

import open_clip
import torch
from chatedit.editing.clip_model import build_clip
from chatedit.editing.e4e import Encoder
from chatedit.editing.ir_se50 import IrSe50, Stage
from chatedit.editing.pack_import import OfficialFiles
from chatedit.editing.stylegan2 import Generator
from small_pack import CLIP_CONFIG

CLIP_NAME = "ViT-tiny-test-quickgelu"
SIZE, STYLE_DIM = 32, 16
STAGES = (Stage(4, 2), Stage(6, 1), Stage(8, 3), Stage(10, 1))
T5_CONFIG = {
    "model_type": "t5",
    "d_model": 8,
    "d_kv": 4,
    "num_heads": 2,
    "num_layers": 2,
    "vocab_size": 20,
}


def write_official_files(folder: Path) -> OfficialFiles:
    """All four checkpoints and a T5 folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(11)
        generator = Generator(SIZE, STYLE_DIM, 8, 0.01, {4: 8, 8: 8, 16: 6, 32: 4})
        encoder = Encoder(generator.num_ws, STYLE_DIM, 64, STAGES)
        identity = IrSe50(112, 12, STAGES)
        clip = build_clip(CLIP_CONFIG, "tiny")
        average = torch.randn(generator.num_ws, STYLE_DIM)
    state = {f"encoder.{key}": value for key, value in encoder.state_dict().items()}
    state |= {f"decoder.{key}": value for key, value in generator.state_dict().items()}
    save(folder / "stylegan2.pt", {"g_ema": generator.state_dict(), "latent_avg": average[0]})
    options = {"encoder_type": "Encoder4Editing", "lr": 1e-4}
    save(folder / "e4e.pt", {"state_dict": state, "latent_avg": average, "opts": options})
    save(folder / "ir_se50.pth", identity.state_dict())
    save(folder / "clip.pt", clip.state_dict())
    write_t5(folder / "t5")
    register_clip(folder)
    return files_in(folder)


def files_in(folder: Path) -> OfficialFiles:
    """What `write_official_files` wrote."""
    return OfficialFiles(
        generator=folder / "stylegan2.pt",
        encoder=folder / "e4e.pt",
        identity=folder / "ir_se50.pth",
        clip_name=CLIP_NAME,
        clip_weights=str(folder / "clip.pt"),
        dialogue_model=folder / "t5",
    )


def save(path: Path, data: object) -> None:
    torch.save(data, path)


def register_clip(folder: Path) -> None:
    """Let open_clip know the small architecture by name."""
    configs = folder / "configs"
    configs.mkdir(exist_ok=True)
    (configs / f"{CLIP_NAME}.json").write_text(json.dumps({**CLIP_CONFIG, "quick_gelu": True}))
    open_clip.add_model_config(configs)


def write_t5(folder: Path) -> None:
    """Configuration, tokenizer and the weights that tell a T5's sizes."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(T5_CONFIG))
    (folder / "spiece.model").write_bytes(b"tokens")
    names = [f"{side}.block.{i}.layer.0.SelfAttention.q.weight" for side in ("encoder", "decoder") for i in range(2)]
    tensors = {"shared.weight": torch.randn(20, 8), **{name: torch.randn(8, 8) for name in names}}
    save(folder / "pytorch_model.bin", tensors)
