"""A small e4e encoder. The w of every render is known here, so that it is taught w itself, not only the picture."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..e4e import Encoder
from ..ir_se50 import Stage
from ..stylegan2 import num_ws_of
from .attribute_net import AttributeNet, to_tensor
from .data import IMAGE_SIZE, Renders
from .fitting import Losses
from .generator import STYLE_DIM, Distilled, importance
from .net_trainer import NetTrainer

ENCODER_SIZE = 64
STAGES = (Stage(16, 1), Stage(32, 1), Stage(64, 1), Stage(96, 1))
PEAK_LR, DELTA_WEIGHT, GENERATED_EVERY = 2e-3, 0.3, 4


def small_encoder() -> Encoder:
    """The architecture of the pack: one block a stage, 64 px in, one w per layer of the generator out."""
    return Encoder(num_ws_of(IMAGE_SIZE), STYLE_DIM, ENCODER_SIZE, STAGES)


class EncoderTrainer(NetTrainer[Encoder]):
    """Renders and the generator's own pictures -> w, errors weighed by how much they change the picture."""

    def __init__(
        self, renders: Renders, distilled: Distilled, features: AttributeNet, seed: int = 11, batch: int = 24
    ) -> None:
        super().__init__("encoder", small_encoder, seed, PEAK_LR, weight_decay=1e-4, max_norm=1.0)
        self._renders, self._distilled, self._batch = renders, distilled, batch
        self._mean = mean_w(distilled, renders)
        self._metric = w_metric(distilled, features, renders)

    def loss_of(self, rng: np.random.Generator, index: int) -> tuple[Tensor, Losses]:
        picked = np.sort(rng.integers(0, len(self._renders), self._batch))
        with torch.no_grad():
            w = self._distilled.w_of(torch.from_numpy(self._renders.embeddings[picked]))
            images = self._images(picked, w, index)
        offsets = self.net(F.avg_pool2d(images, IMAGE_SIZE // ENCODER_SIZE))
        error = quadratic(offsets[:, 0] - (w - self._mean), self._metric)
        deltas = quadratic(offsets[:, 1:] - offsets[:, :1], self._metric)
        return error + DELTA_WEIGHT * deltas, {"error": error.item(), "deltas": deltas.item()}

    def _images(self, picked: np.ndarray, w: Tensor, index: int) -> Tensor:
        if index % GENERATED_EVERY == 0:
            return self._distilled.generator(self._distilled.generator.broadcast(w)).clamp(-1.0, 1.0)
        return to_tensor(self._renders.images[picked])


@torch.no_grad()
def mean_w(distilled: Distilled, renders: Renders, count: int = 8000) -> Tensor:
    """Average w [STYLE_DIM] of the first `count` portraits."""
    return distilled.w_of(torch.from_numpy(renders.embeddings[:count])).mean(dim=0)


def quadratic(error: Tensor, metric: Tensor) -> Tensor:
    """Mean of error^T metric error over all leading dimensions."""
    return ((error @ metric) * error).sum(dim=-1).mean()


def w_metric(
    distilled: Distilled, features: AttributeNet, renders: Renders, samples: int = 240, seed: int = 13
) -> Tensor:
    """[STYLE_DIM, STYLE_DIM]: how much a step in w changes the picture and what an attribute network sees in it.

    The mean of J^T J over portraits, J the Jacobian of the outputs, from random projections of the outputs. Scaled so
    that the spread of w itself measures 1; a tenth of it is plain Euclidean, so that no direction is free.
    """
    random = torch.Generator().manual_seed(seed)
    w = distilled.w_of(torch.from_numpy(renders.embeddings[:4000])).detach()
    weight = importance(IMAGE_SIZE)
    parts = [_outer_gradients(distilled, features, w[i::2][:samples], weight, random, i) for i in range(2)]
    covariance = torch.cov(w.T)
    metric = torch.eye(len(covariance)) * 0.1 / covariance.trace()
    for part in parts:
        metric = metric + 0.45 * part / (part * covariance).sum()
    return metric


def _outer_gradients(
    distilled: Distilled, features: AttributeNet, w: Tensor, weight: Tensor, random: torch.Generator, which: int
) -> Tensor:
    """Mean outer product of gradients of randomly projected pixels (0) or attribute logits (1)."""
    total = torch.zeros(w.shape[1], w.shape[1])
    for batch in w.split(8):
        batch = batch.clone().requires_grad_()
        image = distilled.generator(distilled.generator.broadcast(batch))
        output = image * weight.sqrt() if which == 0 else torch.tanh(features(image) / 8.0)
        signs = torch.randint(0, 2, output.shape, generator=random) * 2.0 - 1.0
        (gradient,) = torch.autograd.grad((output * signs).sum(), batch)
        total += gradient.T @ gradient
    return total / len(w)
