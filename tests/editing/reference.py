"""The fixtures in the reference folder: arrays that the published networks returned (CHATEDIT_REFERENCE names it)."""

import importlib.util
import json
import os
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)
FOLDER = Path(os.environ.get("CHATEDIT_REFERENCE", Path(__file__).parents[3] / "shared" / "reference"))


def files(pattern: str) -> list[Path]:
    """Every fixture of a kind, whatever its size and seed; a missing folder shows as one skipped test."""
    return sorted(FOLDER.glob(pattern))


def load(path: Path) -> dict[str, Tensor]:
    """Arrays of one fixture, float arrays as float32."""
    with np.load(path) as arrays:
        return {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays.files}


def checkpoint_keys() -> dict[str, dict[str, list[int]]]:
    return json.loads((FOLDER / "checkpoint_keys.json").read_text())


def filled(network: Net, seed: int, prefix: str = "") -> Net:
    """`network` in eval mode with the deterministic weights of `fill.py`; the blur kernels stay."""
    spec = importlib.util.spec_from_file_location("reference_fill", FOLDER / "fill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shapes = {prefix + key: tuple(value.shape) for key, value in network.state_dict().items()}
    weights = {k.removeprefix(prefix): torch.from_numpy(v) for k, v in module.fill(shapes, seed).items()}
    result = network.load_state_dict(weights, strict=False)
    assert not result.unexpected_keys
    assert all(key.endswith("kernel") for key in result.missing_keys)
    return network.eval().requires_grad_(False)
