"""Weights from safetensors files into networks, with messages that name the wrong key, shape or hash."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .pack_errors import (
    CheckpointUnreadable,
    HashMismatch,
    KeyMissing,
    KeyUnexpected,
    PackIncomplete,
    ParameterCountWrong,
    ShapeMismatch,
)
from .pack_format import WeightsFile, sha256_of

Shapes = Mapping[str, tuple[int, ...]]
Net = TypeVar("Net", bound=nn.Module)


def read_weights(folder: Path, part: WeightsFile) -> dict[str, Tensor]:
    """Tensors of one file of a pack, after its hash and its count were checked.

    Raises:
        PackIncomplete: there is no such file.
        HashMismatch, ParameterCountWrong, CheckpointUnreadable: it is not the file that `pack.yaml` describes.
    """
    path = folder / part.file
    if not path.is_file():
        raise PackIncomplete(str(folder), part.file)
    actual = sha256_of(path)
    if actual != part.sha256:
        raise HashMismatch(str(path), part.sha256, actual)
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise CheckpointUnreadable(str(path), str(error)) from error
    count = count_numbers(tensors)
    if count != part.parameters:
        raise ParameterCountWrong(str(path), part.parameters, count)
    return tensors


def write_weights(folder: Path, name: str, tensors: Mapping[str, Tensor]) -> WeightsFile:
    """Write tensors to `folder/name` and describe the file for `pack.yaml`."""
    path = folder / name
    # clone: safetensors refuses tensors that share memory, and a view would drag its whole storage along
    save_file({key: tensor.detach().cpu().clone().contiguous() for key, tensor in tensors.items()}, path)
    return WeightsFile(file=name, sha256=sha256_of(path), parameters=count_numbers(tensors))


def check_shapes(path: Path | str, tensors: Mapping[str, Tensor], expected: Shapes) -> None:
    """Refuse tensors whose keys and shapes are not exactly the expected ones.

    Raises:
        KeyMissing, KeyUnexpected, ShapeMismatch
    """
    if missing := [key for key in expected if key not in tensors]:
        raise KeyMissing(str(path), missing[0], len(missing))
    if unexpected := [key for key in tensors if key not in expected]:
        raise KeyUnexpected(str(path), unexpected[0], len(unexpected))
    for key, shape in expected.items():
        if tuple(tensors[key].shape) != tuple(shape):
            raise ShapeMismatch(str(path), key, tuple(shape), tuple(tensors[key].shape))


def fill_network(network: Net, path: Path | str, tensors: Mapping[str, Tensor]) -> Net:
    """`network`, which may live on the meta device, with these weights: frozen, in eval mode, in its own dtypes.

    Raises:
        KeyMissing, KeyUnexpected, ShapeMismatch
    """
    wanted = network.state_dict()
    check_shapes(path, tensors, {key: tuple(value.shape) for key, value in wanted.items()})
    cast = {key: tensor.to(wanted[key].dtype) for key, tensor in tensors.items()}
    network.load_state_dict(cast, assign=True)
    return network.eval().requires_grad_(False)


def count_numbers(tensors: Mapping[str, Tensor]) -> int:
    """How many numbers the tensors hold in all."""
    return sum(tensor.numel() for tensor in tensors.values())


def first_bad_number(tensors: Mapping[str, Tensor]) -> str | None:
    """Key of the first tensor that holds NaN or an infinity."""
    bad = (key for key, tensor in tensors.items() if tensor.is_floating_point() and not torch.isfinite(tensor).all())
    return next(bad, None)
