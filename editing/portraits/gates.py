"""What the trained parts must reach, measured on renders that no training has seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..clip_resize import clip_resize
from .attribute_net import AttributeNet, read_values, to_tensor
from .captions import SINGLE_TEMPLATE
from .clip import CLIP_IMAGE_SIZE, tokenize
from .data import IMAGE_SIZE, Renders, has_value, is_clear
from .factors import VALUES
from .identity import rank_1
from .parts import Parts

HELD_OUT_SEED = 90_09
READER_TARGET, RECALL_TARGET, INVERSION_TARGET = 0.97, 0.85, 0.95


@dataclass(frozen=True, slots=True)
class GateReport:
    """Shares in [0, 1].

    Attributes:
        reader_accuracy: of single values, over held-out renders.
        reader_recall, generator_recall, generator_false: by value; of portraits with the value, how many the reader
            sees it in, in the render and in the generator's picture; and in how many without it.
        inversion_kept: of test renders, how many keep all (clear) values; `inversion_values`: of single values.
        inversion_recall: by value, in the reconstruction.
        identity_rank_1: of people, whose other picture is the nearest.
        clip_auc: by value, of the similarity to its single prompt.
        generator_psnr, inversion_psnr: in dB.
    """

    reader_accuracy: float
    reader_recall: Mapping[str, float]
    generator_recall: Mapping[str, float]
    generator_false: Mapping[str, float]
    inversion_kept: float
    inversion_values: float
    inversion_recall: Mapping[str, float]
    identity_rank_1: float
    clip_auc: Mapping[str, float]
    generator_psnr: float
    inversion_psnr: float

    def failures(self) -> list[str]:
        """What misses its target, in words."""
        recalls = self.generator_recall.items()  # NaN where no render has the value: what was not seen does not pass
        missed = [f"generator recall of {v} is {r:.2f}" for v, r in recalls if not r >= RECALL_TARGET]
        if self.reader_accuracy < READER_TARGET:
            missed.append(f"reader accuracy is {self.reader_accuracy:.3f}")
        if self.inversion_kept < INVERSION_TARGET:
            missed.append(f"inversion keeps all values of {self.inversion_kept:.2f}")
        return missed


@torch.no_grad()
def measure_gates(parts: Parts, renders: Renders, invert: Callable[[Tensor], Tensor]) -> GateReport:
    """All numbers on held-out renders (pairs of the same person, see `Renders`).

    Args:
        invert: pictures [B, 3, S, S] -> latents, as the pack does it (`inversion.invert`).
    """
    images, labels = to_tensor(np.asarray(renders.images)), np.asarray(renders.labels)
    w = parts.distilled.w_of(torch.from_numpy(np.asarray(renders.embeddings)))
    generator = parts.distilled.generator
    drawn = torch.cat([generator(generator.broadcast(part)) for part in w.split(32)])
    inverted = torch.cat([generator(invert(part)) for part in images.split(32)])
    there, clear = has_value(labels), is_clear(labels)
    seen = {name: read_values(parts.reader, x) for name, x in (("t", images), ("g", drawn), ("i", inverted))}
    same = (seen["i"] == there) | ~clear
    return GateReport(
        reader_accuracy=float((seen["t"] == there)[clear].mean()),
        reader_recall=_share_by_value(seen["t"], there),
        generator_recall=_share_by_value(seen["g"], there),
        generator_false=_share_by_value(seen["g"], ~there & clear),
        inversion_kept=float(same.all(axis=1).mean()),
        inversion_values=float(same[clear].mean()),
        inversion_recall=_share_by_value(seen["i"], there),
        identity_rank_1=rank_1(parts.identity, renders),
        clip_auc=clip_auc(parts, images, there, clear),
        generator_psnr=_mean_psnr(drawn, images),
        inversion_psnr=_mean_psnr(inverted, images),
    )


def clip_auc(parts: Parts, images: Tensor, there: np.ndarray, clear: np.ndarray) -> dict[str, float]:
    """Area under the curve of each value's similarity to its single prompt."""
    resize = clip_resize(IMAGE_SIZE, CLIP_IMAGE_SIZE)
    prompts = tokenize([SINGLE_TEMPLATE.format(phrase=value) for value in VALUES])
    texts = F.normalize(parts.clip.encode_text(prompts), dim=1)
    seen = torch.cat([F.normalize(parts.clip.encode_image(resize(part)), dim=1) for part in images.split(32)])
    similarity = (seen @ texts.T).numpy()
    return {v: area_under_curve(similarity[clear[:, i], i], there[clear[:, i], i]) for i, v in enumerate(VALUES)}


def area_under_curve(scores: np.ndarray, is_positive: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties counting half; NaN without both kinds."""
    positive, negative = scores[is_positive], scores[~is_positive]
    if not len(positive) or not len(negative):
        return float("nan")
    above = (positive[:, None] > negative[None]).mean()
    return float(above + 0.5 * (positive[:, None] == negative[None]).mean())


def reader_accuracy(reader: AttributeNet, renders: Renders) -> float:
    """Share of clear values that the reader gets right."""
    seen = read_values(reader, to_tensor(np.asarray(renders.images)))
    return float((seen == has_value(renders.labels))[is_clear(renders.labels)].mean())


def _share_by_value(seen: np.ndarray, among: np.ndarray) -> dict[str, float]:
    return {v: float(seen[among[:, i], i].mean()) if among[:, i].any() else float("nan") for i, v in enumerate(VALUES)}


def _mean_psnr(images: Tensor, targets: Tensor) -> float:
    errors = (images.clamp(-1, 1) - targets).square().flatten(1).mean(dim=1) / 4.0
    return float((-10.0 * torch.log10(errors)).mean())
