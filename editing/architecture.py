"""What a checkpoint's shapes tell about its network: sizes and widths, so that any size of the family can be read."""

import math
import re
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from torch import Tensor

from .pack_errors import KeyMissing, PackInvalid

State = Mapping[str, Tensor]


def generator_architecture(path: Path, state: State) -> tuple[int, dict[str, object]]:
    """Image size in pixels and arguments of `GeneratorArchitecture` of a StyleGAN2 state dict.

    Raises:
        KeyMissing: a key that every such generator has is absent.
    """
    style_dim = _shape(path, state, "style.1.weight")[1]
    num_layers = count_of(state, r"style\.(\d+)\.weight")
    channels = {4: _shape(path, state, "conv1.conv.weight")[1]}
    for i in range(count_of(state, r"to_rgbs\.(\d+)\.bias")):
        channels[8 << i] = _shape(path, state, f"convs.{2 * i}.conv.weight")[1]
    architecture: dict[str, object] = {
        "style_dim": style_dim,
        "num_mapping_layers": num_layers,
        "mapping_lr_mul": 0.01,  # as published; no shape tells
        "channels": channels,
    }
    return max(channels), architecture


def encoder_architecture(path: Path, state: State) -> dict[str, object]:
    """Arguments of `EncoderArchitecture` of an e4e encoder's state dict.

    Raises:
        KeyMissing, PackInvalid
    """
    _shape(path, state, "styles.0.convs.0.weight")
    halvings = count_of(state, r"styles\.0\.convs\.(\d+)\.weight")
    return {"input_size": 16 << halvings, "stages": stages_of(path, state)}


def identity_architecture(path: Path, state: State) -> dict[str, object]:
    """Arguments of `IdentityArchitecture` of an IR-SE state dict; the crop is the published one.

    Raises:
        KeyMissing, PackInvalid
    """
    stages = stages_of(path, state)
    embedding_dim, inputs = _shape(path, state, "output_layer.3.weight")[:2]
    side = math.isqrt(inputs // stages[-1][0])
    return {"input_size": side << len(stages), "embedding_dim": embedding_dim, "stages": stages}


def stages_of(path: Path, state: State) -> tuple[tuple[int, int], ...]:
    """(channels, blocks) of the four stages of a residual backbone.

    Raises:
        KeyMissing, PackInvalid
    """
    _shape(path, state, "body.0.res_layer.1.weight")
    num_blocks = count_of(state, r"body\.(\d+)\.res_layer\.1\.weight")
    widths = [_shape(path, state, f"body.{i}.res_layer.1.weight")[0] for i in range(num_blocks)]
    stages = tuple((width, len(list(group))) for width, group in groupby(widths))
    if len(stages) != 4:
        raise PackInvalid(str(path), f"the backbone has {len(stages)} stages, expected 4: it is no IR-SE network")
    return stages


def count_of(state: State, pattern: str) -> int:
    """How many different numbers the keys hold in the place of the pattern's group."""
    return len({match[1] for key in state if (match := re.fullmatch(pattern, key))})


def _shape(path: Path, state: State, key: str) -> tuple[int, ...]:
    if key not in state:
        raise KeyMissing(str(path), key, 1)
    return tuple(state[key].shape)
