"""Reads checkpoint files that others wrote, without running what is in them."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from .pack_errors import CheckpointUnreadable, FileMissing, HashMismatch, KeyMissing, PackInvalid
from .pack_format import sha256_of
from .pack_weights import first_bad_number


def read_checkpoint(path: Path, expected_sha256: str | None = None) -> Mapping[str, Any]:
    """The mapping in a `.pt`, `.pth`, `.bin` or `.safetensors` file; plain data and tensors only, on the CPU.

    Raises:
        FileMissing
        HashMismatch: it is not the file with this SHA-256 (hex).
        CheckpointUnreadable: it is damaged, is no checkpoint, or needs code to be run.
    """
    if not path.is_file():
        raise FileMissing(str(path))
    if expected_sha256 and (actual := sha256_of(path)) != expected_sha256.lower():
        raise HashMismatch(str(path), expected_sha256.lower(), actual)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if _is_torchscript(path):
        raise CheckpointUnreadable(str(path), "a TorchScript archive holds code; use the safetensors of the model")
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointUnreadable(str(path), f"it is damaged, or holds more than tensors ({_line(error)})") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise CheckpointUnreadable(str(path), f"it is damaged or incomplete ({_line(error)})") from error
    if not isinstance(data, Mapping):
        raise CheckpointUnreadable(str(path), f"it holds a {type(data).__name__}, not a mapping of tensors")
    return data


def tensors_at(path: Path, data: Mapping[str, Any], key: str | None = None, prefix: str = "") -> dict[str, Tensor]:
    """The tensors of a checkpoint, or of its entry `key`; of those only the ones with `prefix`, which is cut off.

    Raises:
        KeyMissing: there is no such entry, or no key with the prefix.
        PackInvalid: something is no tensor, or not finite.
    """
    if key is not None and key not in data:
        raise KeyMissing(str(path), key, 1)
    entry = data if key is None else data[key]
    if not isinstance(entry, Mapping):
        raise PackInvalid(str(path), f"{key!r} is a {type(entry).__name__}, not a mapping of tensors")
    chosen = {name[len(prefix) :]: value for name, value in entry.items() if name.startswith(prefix)}
    if not chosen:
        raise KeyMissing(str(path), f"{prefix}*", 1)
    if wrong := [name for name, value in chosen.items() if not isinstance(value, Tensor)]:
        raise PackInvalid(str(path), f"{prefix}{wrong[0]} is no tensor")
    if bad := first_bad_number(chosen):
        raise PackInvalid(str(path), f"{prefix}{bad} holds NaN or infinite numbers")
    return chosen


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise CheckpointUnreadable(str(path), _line(error)) from error


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") or "/code/" in name for name in archive.namelist())


def _line(error: BaseException) -> str:
    """The first line of an error, without the advice to switch safety off that PyTorch appends."""
    text = (str(error) or type(error).__name__).splitlines()[0].split("\\n")[0]
    return text.split(". This file can")[0].split(" (1)")[0].strip()[:200]
