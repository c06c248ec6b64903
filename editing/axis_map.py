"""Image resizes that are linear and separable: one small matrix per axis."""

import torch
from torch import Tensor, nn


class AxisMap(nn.Module):
    """Image [B, C, H, W] -> `rows @ image @ columns.T`, [B, C, out_h, out_w], of the image's type.

    Args:
        rows: [out_h, H], weights of the input rows.
        columns: [out_w, W], weights of the input columns.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, rows: Tensor, columns: Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows.float(), persistent=False)
        self.register_buffer("columns", columns.float(), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        if image.shape[-2:] != (self.rows.shape[1], self.columns.shape[1]):
            expected = (self.rows.shape[1], self.columns.shape[1])
            raise ValueError(f"image must be {list(expected)} pixels, not {list(image.shape[-2:])}")
        rows, columns = self.rows.to(image.dtype), self.columns.to(image.dtype)
        return rows @ (image @ columns.T)


def average_pool(in_size: int, out_size: int) -> Tensor:
    """[out_size, in_size], float64: adaptive average pooling along one axis (windows of whole pixels)."""
    matrix = torch.zeros(out_size, in_size, dtype=torch.float64)
    for i in range(out_size):
        start, end = i * in_size // out_size, -(-(i + 1) * in_size // out_size)
        matrix[i, start:end] = 1.0 / (end - start)
    return matrix


def area_average(in_size: int, out_size: int) -> Tensor:
    """[out_size, in_size], float64: each output pixel averages exactly the span that it covers, fractions included."""
    edges = torch.arange(out_size + 1, dtype=torch.float64) * in_size / out_size
    pixels = torch.arange(in_size, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return overlap.clamp(min=0.0) * out_size / in_size
