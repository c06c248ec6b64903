"""A pack's reader: which attribute values a picture shows.  It measures edits and never guides them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..dialogue.ontology import ONTOLOGY
from .pack import Pack
from .pack_weights import fill_network, read_weights

if TYPE_CHECKING:
    from .portraits.attribute_net import AttributeNet

Reader = Callable[[Tensor], Tensor]
"""Pictures [B, 3, S, S] in [-1, 1] -> bool [B, V], one column for each of `ONTOLOGY.values`."""


def load_reader(pack: Pack) -> Reader | None:
    """The pack's reader, on the CPU, or None where it has none.

    Raises:
        PackError: its file is missing or wrong.
    """
    network = load_reader_network(pack)
    return None if network is None else reader_of(network)


def load_reader_network(pack: Pack) -> "AttributeNet | None":
    """The network behind `load_reader`, whose features also serve to compare pictures."""
    part = pack.file.reader
    if part is None:
        return None
    from .portraits.attribute_net import AttributeNet  # late: it brings the renderer along

    network = AttributeNet(part.architecture.widths)
    return fill_network(network, pack.folder / part.file, read_weights(pack.folder, part))


def reader_of(network: "AttributeNet") -> Reader:
    """Reads with a network, on the CPU."""

    @torch.no_grad()
    def read(pictures: Tensor) -> Tensor:
        logits = network(pictures.cpu())
        assert logits.shape[1] == len(ONTOLOGY.values)
        return logits > 0.0

    return read
