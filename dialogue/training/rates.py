"""Learning rates in proportion to what they change, as Adafactor sets them (Shazeer & Stern 2018); T5's own way."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor

REFERENCE_RMS = 0.05  # of a matrix that learns at just the given rate; BERT's matrices are about this large


def relative_rates(parameters: Iterable[Tensor], rate: float) -> list[dict[str, Any]]:
    """Parameter groups for an optimiser, each with `lr` and `peak`.

    A matrix learns at `rate` times its rms over `REFERENCE_RMS`, a vector at `rate`. The matrices of an encoder fitted
    to another one (`transplant`) differ in size by a factor of a thousand: at one rate for all, the small ones are
    shaken and the large ones stand still.
    """
    return [group for p in parameters for group in same_rate([p], rate * _size(p))]


def same_rate(parameters: Iterable[Tensor], rate: float) -> list[dict[str, Any]]:
    """One parameter group with `lr` and `peak`."""
    return [{"params": list(parameters), "lr": rate, "peak": rate}]


def _size(parameter: Tensor) -> float:
    return parameter.detach().pow(2).mean().sqrt().item() / REFERENCE_RMS if parameter.ndim > 1 else 1.0
