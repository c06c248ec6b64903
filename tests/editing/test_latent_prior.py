import torch
from chatedit.editing.latent_prior import LatentPrior

W = torch.randn(4000, 5, generator=torch.Generator().manual_seed(0)) @ torch.diag(torch.tensor([4.0, 3, 2, 1, 0])) + 7


def test_coordinates_of_the_samples_have_unit_variance():
    coordinates = LatentPrior.fit(W).coordinates(W)[:, :4]
    assert torch.allclose(coordinates.T.cov(), torch.eye(4), atol=1e-2)
    assert coordinates.mean(dim=0).abs().max() < 1e-2


def test_whitening_and_the_basis_are_inverse():
    prior = LatentPrior.fit(W)
    offset = torch.randn(3, 2, 5)
    assert torch.allclose(prior.whiten(offset) @ prior.basis(), offset, atol=1e-4)


def test_axes_are_ordered_and_an_unused_one_stays_finite():
    prior = LatentPrior.fit(W)
    assert (prior.sigma.diff() <= 0).all()
    assert prior.sigma.min() > 0
