"""Several edits under one batched Adam: the maths of the engine, without queue, clock or schedule."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from . import losses
from .edit_job import EditJob
from .latent_prior import LatentPrior
from .presets import MAX_SEED, TERMS
from .shards import Shards
from .stylegan2 import Generator
from .synthesis import FrozenSynthesis

BETAS, EPSILON = (0.9, 0.999), 1e-8  # torch.optim.Adam's defaults, which StyleCLIP uses
TEXT_ROWS = 32  # fixed, so that shapes depend on the number of edits only


@dataclass(frozen=True, slots=True)
class EditModels:
    """The frozen networks of a pack, as callables on batches; all on one device.

    Attributes:
        generator: w_plus [B, num_ws, D] -> images [B, 3, S, S] in [-1, 1]. A `Generator` is copied into its
            `FrozenSynthesis`, which gives the same numbers in less time (but not where the step is compiled).
        image_features: images -> CLIP features [B, C], any length.
        identity_features: images -> unit vectors [B, E].
        prior: where w lies; needed by the whitened space and the `prior` term.
        outside: images -> [B, 1, S, S] in [0, 1], 1 outside face and hair; needed by the `background` term.
        logit_scale, logit_bias: from cosine to logit, of a CLIP trained with a sigmoid loss (`presence` term).
    """

    generator: Callable[[Tensor], Tensor]
    image_features: Callable[[Tensor], Tensor]
    identity_features: Callable[[Tensor], Tensor]
    prior: LatentPrior | None = None
    outside: Callable[[Tensor], Tensor] | None = None
    logit_scale: float = 1.0
    logit_bias: float = 0.0


class StepReport(NamedTuple):
    """One step of a batch of B edits.

    Attributes:
        losses: float64 [B, len(TERMS) + 1] on the CPU, before the step: the unweighted terms (0 where
            the edit does not use one), the weighted total.
        is_finite: whether total and gradient of each edit are finite.
        images: [B, 3, S, S] of the latents before the step, on the device.
    """

    losses: Tensor
    is_finite: list[bool]
    images: Tensor


class EditBatch:
    """Edits that advance together, each with its own variable, moments, step count and weights.

    Rows never mix: losses are summed over edits, so k edits together equal k edits alone. On a CPU they are computed in
    as many slices as there are threads (`shards`).

    Args:
        models: the frozen networks.
        device: where they are.
        compile_step: compile forward and backward with torch.compile (worth it on CUDA, where it also captures
            CUDA graphs; each number of edits compiles once).
        dtype: of latents, gradients and moments; float64 tells rounding from mistakes (`test_trajectory.py`).
    """

    def __init__(
        self,
        models: EditModels,
        device: torch.device | str = "cpu",
        compile_step: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._device, self._dtype = torch.device(device), dtype
        prior = models.prior.to(self._device) if models.prior else None
        is_plain = isinstance(models.generator, Generator) and not compile_step
        generator: Any = FrozenSynthesis(models.generator) if is_plain else models.generator  # type: ignore[arg-type]
        self._models = dataclasses.replace(models, prior=prior, generator=generator)
        self._rows: dict[str, Tensor] = {}
        self._counts: list[int] = []  # Adam steps of each row
        mode = "reduce-overhead" if self._device.type == "cuda" else "default"
        self._shards = Shards() if self._device.type == "cpu" and not compile_step else None
        self._evaluate = torch.compile(self._objective, mode=mode) if compile_step else self._objective

    def __len__(self) -> int:
        return len(self._rows["x"]) if self._rows else 0

    def check(self, job: EditJob) -> None:
        """Refuse a job that these models cannot run.

        Raises:
            ValueError: a shape or number is wrong, or the preset needs a model that is not there.
        """
        weights, name = job.preset.weights, job.preset.name
        if job.w_source.dim() != 2:
            raise ValueError(f"w_source must be [num_ws, D], not {list(job.w_source.shape)}")
        if job.start_offset is not None and job.start_offset.shape != job.w_source.shape:
            raise ValueError(f"start_offset must be {list(job.w_source.shape)}, not {list(job.start_offset.shape)}")
        if not 0 <= job.seed <= MAX_SEED:
            raise ValueError(f"seed must be from 0 to {MAX_SEED}, not {job.seed}")
        if job.progress_every < 1 or job.preview_every < 0:
            raise ValueError("progress_every must be at least 1, and preview_every 0 or more")
        if not 0 < len(job.targets.texts) <= TEXT_ROWS:
            raise ValueError(f"an edit takes 1 to {TEXT_ROWS} texts, not {len(job.targets.texts)}")
        if self._models.prior is None and (weights.prior or job.preset.space == "whitened"):
            raise ValueError(f"preset {name!r} needs a latent prior, which these models do not have")
        if self._models.outside is None and weights.background:
            raise ValueError(f"preset {name!r} has a background term, but these models do not tell the background")

    @torch.no_grad()
    def join(self, jobs: Sequence[EditJob]) -> None:
        """Add edits as the last rows, all or none. What depends on the source alone is computed here, once."""
        w_source = torch.stack([job.w_source for job in jobs]).to(self._device, self._dtype)
        texts, target_weights, keep_weights = (self._padded(list(part)) for part in self._target_parts(jobs))
        numbers = [dataclasses.astuple(job.preset.weights) for job in jobs]
        weights = torch.tensor(numbers, dtype=self._dtype, device=self._device)
        image = self._models.generator(w_source)
        rows = {
            "x": torch.stack([self._start(job) for job in jobs]),
            "w_source": w_source,
            "basis": torch.stack([self._basis(job) for job in jobs]),
            "texts": texts,
            "target_weights": target_weights,
            "keep_weights": keep_weights,
            "weights": weights,
            "similarities": losses.similarities_to(self._models.image_features(image), texts),
            "identity": self._models.identity_features(image),
            "limits": self._limits(jobs, w_source),
        }
        if self._models.outside is not None:
            rows |= {"image": image, "outside": self._models.outside(image)}
        rows |= {"mean": torch.zeros_like(rows["x"]), "square": torch.zeros_like(rows["x"])}
        self._rows = {key: torch.cat([self._rows[key], new]) if self._rows else new for key, new in rows.items()}
        self._counts += [0] * len(jobs)

    def leave(self, rows: Sequence[int]) -> None:
        """Drop edits; those behind them move up."""
        kept = [i for i in range(len(self)) if i not in set(rows)]
        if kept:
            index = torch.tensor(kept, dtype=torch.long, device=self._device)
            self._rows = {key: value.index_select(0, index) for key, value in self._rows.items()}
        else:
            self._rows = {}  # without the device, which may be what is broken
        self._counts = [self._counts[i] for i in kept]

    def step(self, learning_rates: Sequence[float]) -> StepReport:
        """One Adam step of every edit, each with its own learning rate."""
        parts = self._shards.map(self._evaluated, len(self)) if self._shards else [self._evaluated(slice(None))]
        gradient, losses_, finite, images = (torch.cat(part) for part in zip(*parts, strict=True))
        self._adam(gradient, learning_rates)
        report = torch.cat([losses_, finite[:, None]], dim=1).cpu().double()
        return StepReport(report[:, :-1], [bool(flag) for flag in report[:, -1]], images)

    def _evaluated(self, part: slice) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of some rows: gradient, terms and total [B, len(TERMS) + 1], whether both are finite [B], images."""
        rows = {key: value[part] for key, value in self._rows.items()}
        x = rows["x"].detach().requires_grad_()
        is_used = tuple((rows["weights"] != 0).any(dim=0).tolist())
        terms, images = self._evaluate(x, rows, is_used)
        terms = torch.where(rows["weights"] != 0, terms, 0.0)  # not a product: 0 * inf would be NaN
        totals = (terms * rows["weights"]).sum(dim=1)
        (gradient,) = torch.autograd.grad(totals.sum(), x)
        finite = totals.isfinite() & gradient.isfinite().flatten(1).all(dim=1)
        return gradient, torch.cat([terms, totals[:, None]], dim=1).detach(), finite, images.detach()

    @torch.no_grad()
    def latents(self, rows: Sequence[int]) -> Tensor:
        """Current latents [len(rows), num_ws, D]."""
        index = torch.tensor(list(rows), dtype=torch.long, device=self._device)
        chosen = {key: self._rows[key].index_select(0, index) for key in ("x", "w_source", "basis")}
        return _w_plus(chosen["x"], chosen)

    @torch.no_grad()
    def render(self, w_plus: Tensor) -> Tensor:
        """Images [B, 3, S, S] of latents."""
        return self._models.generator(w_plus)

    def _objective(self, x: Tensor, rows: dict[str, Tensor], is_used: tuple[bool, ...]) -> tuple[Tensor, Tensor]:
        """Terms [B, len(TERMS)], 0 where no edit of the batch uses one, and images."""
        used = dict(zip(TERMS, is_used, strict=True))
        w_plus = _w_plus(x, rows)
        image = self._models.generator(w_plus)
        similarities = losses.similarities_to(self._models.image_features(image), rows["texts"])
        terms = dict.fromkeys(TERMS, x.new_zeros(len(x)))
        terms["clip"] = losses.clip_loss(similarities, rows["target_weights"])
        terms["l2"] = losses.l2_loss(x)
        if used["identity"]:
            terms["identity"] = losses.identity_loss(self._models.identity_features(image), rows["identity"])
        if used["presence"]:
            scale, bias = self._models.logit_scale, self._models.logit_bias
            terms["presence"] = losses.presence_loss(similarities, rows["target_weights"], scale, bias)
        if used["prior"] and self._models.prior is not None:
            terms["prior"] = losses.prior_loss(self._models.prior.coordinates(w_plus), rows["limits"])
        if used["keep"]:
            terms["keep"] = losses.keep_loss(similarities, rows["similarities"], rows["keep_weights"])
        if used["background"]:
            terms["background"] = losses.background_loss(image, rows["image"], rows["outside"])
        return torch.stack([terms[name] for name in TERMS], dim=1), image

    @torch.no_grad()
    def _adam(self, gradient: Tensor, learning_rates: Sequence[float]) -> None:
        # The corrections are computed in double precision: 1 - 0.999 in float32 is off by 1e-5.
        rows, (beta1, beta2) = self._rows, BETAS
        self._counts = [count + 1 for count in self._counts]
        sizes = [rate / (1 - beta1**count) for rate, count in zip(learning_rates, self._counts, strict=True)]
        roots = [(1 - beta2**count) ** 0.5 for count in self._counts]
        rows["mean"] = rows["mean"].lerp(gradient, 1 - beta1)
        rows["square"] = torch.addcmul(rows["square"] * beta2, gradient, gradient, value=1 - beta2)
        deviation = rows["square"].sqrt() / self._per_edit(roots) + EPSILON
        rows["x"] = rows["x"] - self._per_edit(sizes) * rows["mean"] / deviation

    def _per_edit(self, numbers: Sequence[float]) -> Tensor:
        return torch.tensor(numbers, dtype=self._dtype, device=self._device)[:, None, None]

    def _start(self, job: EditJob) -> Tensor:
        """Start of the variable: the start offset in the preset's space, plus its noise."""
        noise = torch.randn(job.w_source.shape, generator=torch.Generator().manual_seed(job.seed))
        x = (job.preset.start_noise * noise).to(self._device, self._dtype)
        if job.start_offset is None:
            return x
        offset = job.start_offset.to(self._device, self._dtype)
        prior = self._models.prior
        return x + (prior.whiten(offset) if job.preset.space == "whitened" and prior else offset)

    def _basis(self, job: EditJob) -> Tensor:
        if job.preset.space == "whitened" and self._models.prior is not None:
            return self._models.prior.basis()
        return torch.eye(job.w_source.shape[1], dtype=self._dtype, device=self._device)

    def _limits(self, jobs: Sequence[EditJob], w_source: Tensor) -> Tensor:
        """Where the prior starts to pull: its sigma, or the source's own position where that is further out."""
        sigma = torch.tensor([job.preset.prior_sigma for job in jobs], device=self._device)[:, None, None]
        prior = self._models.prior
        return sigma.expand_as(w_source) if prior is None else torch.maximum(sigma, prior.coordinates(w_source).abs())

    @staticmethod
    def _target_parts(jobs: Sequence[EditJob]) -> zip:
        return zip(*(job.targets for job in jobs), strict=True)

    def _padded(self, parts: list[Tensor]) -> Tensor:
        """Stack with zero rows up to TEXT_ROWS."""
        padded = [F.pad(part, (0, 0) * (part.dim() - 1) + (0, TEXT_ROWS - len(part))) for part in parts]
        return torch.stack(padded).to(self._device, self._dtype)


def _w_plus(x: Tensor, rows: dict[str, Tensor]) -> Tensor:
    return rows["w_source"] + x @ rows["basis"]
