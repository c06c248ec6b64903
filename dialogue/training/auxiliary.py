"""A loss that asks the encoder itself what a turn does to each value; used in training only."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..ontology import ONTOLOGY

IGNORED = -100  # a label that is not known, or not asked for
HEADS = len(ONTOLOGY.values) + 1
"""One a value, and one for the value that the input's question names, which may be any."""


class ValueHead(nn.Module):
    """One attention query a value over the encoder's states, then nothing / add / drop.

    The decoder learns slowly what the encoder could tell at once; this gives the encoder a short way to learn
    (findings.md: a plain head on the same encoder was far better than the decoder's use of it).
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(HEADS, d_model) / d_model**0.5)
        self.key = nn.Linear(d_model, d_model, bias=False)
        self.output = nn.Parameter(torch.randn(HEADS, d_model, 3) / d_model**0.5)
        self.bias = nn.Parameter(torch.tensor([2.0, 0.0, -1.0]).repeat(HEADS, 1))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Encoder states [B, T, D] and mask [B, T] -> logits [B, HEADS, 3]."""
        scores = torch.einsum("vd,btd->bvt", self.query, self.key(states)) / states.shape[-1] ** 0.5
        scores = scores.masked_fill(mask[:, None] == 0, float("-inf"))
        pooled = torch.einsum("bvt,btd->bvd", scores.softmax(-1), states)
        return torch.einsum("bvd,vdc->bvc", pooled, self.output) + self.bias

    def loss(self, states: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy over `labels` [B, HEADS], summed over those not IGNORED, mean over the batch."""
        logits = self(states, mask).flatten(0, 1)
        total = F.cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="sum")
        return total / len(labels)
