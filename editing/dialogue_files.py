"""Checks and copies a T5 or PPTOD checkpoint folder into a pack, its weights as safetensors."""

import json
import shutil
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from .checkpoint_file import read_checkpoint, tensors_at
from .pack_errors import KeyMissing, PackIncomplete, PackInvalid, ShapeMismatch

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
TOKENIZER_FILES = ("tokenizer.json", "spiece.model")
COPIED = ("*.json", "*.model", "*.txt")
INDEX_FILES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


def copy_dialogue_model(source: Path, target: Path) -> None:
    """Copy configuration and tokenizer, and write the weights as `model.safetensors`; `target` is made.

    Raises:
        PackError: as `check_dialogue_model`.
    """
    tensors = check_dialogue_model(source)
    target.mkdir(parents=True)
    for pattern in COPIED:
        for file in source.glob(pattern):
            if file.name not in INDEX_FILES:
                shutil.copyfile(file, target / file.name)
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, target / "model.safetensors")


def check_dialogue_model(source: Path) -> dict[str, Tensor]:
    """The weights of a checkpoint folder that is whole.

    Raises:
        PackIncomplete: configuration, tokenizer or weights are missing.
        PackInvalid: it is no T5.
        KeyMissing, ShapeMismatch, CheckpointUnreadable: the weights are not those of the configuration.
    """
    config_path = source / "config.json"
    if not config_path.is_file():
        raise PackIncomplete(str(source), "config.json")
    if not any((source / name).is_file() for name in TOKENIZER_FILES):
        raise PackIncomplete(str(source), " or ".join(TOKENIZER_FILES))
    path = next((source / name for name in WEIGHT_FILES if (source / name).is_file()), None)
    if path is None:
        raise PackIncomplete(str(source), " or ".join(WEIGHT_FILES))
    config = _read_config(config_path)
    tensors = tensors_at(path, read_checkpoint(path))
    _check_sizes(path, config, {key: tuple(value.shape) for key, value in tensors.items()})
    return tensors


def _read_config(path: Path) -> dict[str, object]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise PackInvalid(str(path), f"no JSON: {error}") from error
    if not isinstance(config, dict) or config.get("model_type") != "t5":
        kind = config.get("model_type") if isinstance(config, dict) else type(config).__name__
        raise PackInvalid(str(path), f"model_type is {kind!r}, expected 't5'")
    return config


def _check_sizes(path: Path, config: dict[str, object], shapes: dict[str, tuple[int, ...]]) -> None:
    """Embedding, and the query of every layer that the configuration names."""
    width, heads, head_width = config.get("d_model"), config.get("num_heads"), config.get("d_kv")
    layers = int(str(config.get("num_layers", 0)))
    expected = {"shared.weight": (config.get("vocab_size"), width)}
    for side, count in (("encoder", layers), ("decoder", int(str(config.get("num_decoder_layers") or layers)))):
        for i in range(count):
            key = f"{side}.block.{i}.layer.0.SelfAttention.q.weight"
            expected[key] = (int(str(heads)) * int(str(head_width)), width)
    for key, shape in expected.items():
        if key not in shapes:
            raise KeyMissing(str(path), key, 1)
        if shapes[key] != shape:
            raise ShapeMismatch(str(path), key, shape, shapes[key])
