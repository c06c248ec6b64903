import dataclasses

import pytest
import torch
from chatedit.editing.directions import fit_directions, fit_step
from chatedit.editing.edit_job import EditJob
from chatedit.editing.engine import Engine
from chatedit.editing.errors import OptimiserDiverged
from chatedit.editing.latent_prior import LatentPrior
from small_models import ALL_TERMS, job, models


def prior_of(dim: int) -> LatentPrior:
    return LatentPrior.fit(torch.randn(300, dim, generator=torch.Generator().manual_seed(2)) * 3 + 1)


def test_a_step_that_depends_on_w_is_recovered():
    prior, random = prior_of(5), torch.Generator().manual_seed(0)
    w = prior.mean + torch.randn(4000, 2, 5, generator=random) @ prior.basis()
    weights, bias = torch.randn(5, 5, generator=random), torch.randn(5, generator=random)
    direction, fitted, fitted_bias = fit_step(w, (w - prior.mean) @ weights.T + bias, prior)
    assert torch.allclose(fitted, weights, atol=0.02)
    assert torch.allclose(fitted_bias, bias, atol=0.02)
    assert torch.allclose(direction, (fitted_bias + (w.mean(dim=(0, 1)) - prior.mean) @ fitted.T), atol=1e-3)


def test_few_samples_give_the_mean_step_rather_than_a_wild_map():
    prior = prior_of(16)
    w = prior.mean + torch.randn(2, 1, 16, generator=torch.Generator().manual_seed(1)) @ prior.basis()
    direction, weights, _ = fit_step(w, torch.ones(2, 1, 16), prior)
    assert torch.allclose(direction, torch.ones(16))
    assert weights.abs().max() < 1e-6


def test_starting_from_the_learned_step_beats_starting_from_the_source():
    bundle, targets = models(), job(0, num_targets=1, num_kept=0).targets
    assert bundle.prior is not None
    engine = Engine(bundle)

    def towards_target(w: torch.Tensor, value: str) -> EditJob:
        return EditJob(w, targets, dataclasses.replace(ALL_TERMS, steps=40))

    sources = bundle.prior.mean + torch.randn(12, 6, 16) @ bundle.prior.basis()
    learned = fit_directions(engine, towards_target, ["blond hair"], sources[:8], bundle.prior)
    short = dataclasses.replace(ALL_TERMS, steps=1)
    gains = []
    for w in sources[8:]:
        offset = (w - bundle.prior.mean) @ learned.affine_weights[0].T + learned.affine_biases[0]
        cold, warm = engine.run([EditJob(w, targets, short), EditJob(w, targets, short, start_offset=offset)])
        gains.append(float(cold.losses[0, 0] - warm.losses[0, 0]))  # the CLIP term before the first step
    assert sum(gains) > 0
    assert set(learned.tensors()) == {"directions", "affine_weights", "affine_biases"}


def test_a_value_whose_edits_all_fail_raises_their_error():
    bundle = models()
    assert bundle.prior is not None
    broken = dataclasses.replace(job(1), start_offset=torch.full((6, 16), float("nan")))
    with pytest.raises(OptimiserDiverged):
        fit_directions(Engine(bundle), lambda w, value: broken, ["bangs"], torch.zeros(2, 6, 16), bundle.prior)
