import pytest
import torch
from chatedit.editing import synthesis
from chatedit.editing.stylegan2 import Generator
from chatedit.editing.synthesis import FrozenSynthesis
from reference import files, filled, load


def generator() -> Generator:
    """A small generator in double precision with every parameter at work."""
    torch.manual_seed(3)
    network = Generator(32, style_dim=10, channels={4: 9, 8: 8, 16: 7, 32: 6}).double().requires_grad_(False)
    for parameter in network.parameters():
        if parameter.dim() == 1:
            parameter += 0.3 * torch.randn_like(parameter)
    return network


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("large_map", [0, 16 * 16, 1 << 30])
@pytest.mark.parametrize("chunk_values", [100, 1 << 20])
def test_images_and_gradients_equal_the_plain_generator(batch, large_map, chunk_values, monkeypatch):
    monkeypatch.setattr(synthesis, "LARGE_MAP", large_map)
    monkeypatch.setattr(synthesis, "CHUNK_VALUES", chunk_values)
    network = generator()
    w_plus = torch.randn(batch, network.num_ws, 10, dtype=torch.float64, requires_grad=True)
    direction = torch.randn(batch, 3, 32, 32, dtype=torch.float64)
    plain, fast = network(w_plus), FrozenSynthesis(network)(w_plus)
    assert torch.allclose(plain, fast, atol=1e-10)
    (expected,) = torch.autograd.grad((plain * direction).sum(), w_plus)
    (gradient,) = torch.autograd.grad((fast * direction).sum(), w_plus)
    assert torch.allclose(gradient, expected, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("path", files("stylegan2_*.npz"), ids=lambda path: path.stem)
def test_images_equal_the_published_network(path):
    arrays = load(path)
    network = FrozenSynthesis(filled(Generator(int(path.stem.split("_")[1])), int(arrays["seed"])))
    assert (network(arrays["w_plus"]) - arrays["image"]).abs().max() < 1e-3


def test_bfloat16_is_close():
    network = generator().float()
    w_plus = torch.randn(2, network.num_ws, 10)
    exact = network(w_plus)
    error = FrozenSynthesis(network.bfloat16())(w_plus).float() - exact
    assert error.square().mean().sqrt() < 0.05 * exact.std()


def test_a_latent_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"w_plus must be \[B, 8, 10\]"):
        FrozenSynthesis(generator())(torch.zeros(1, 3, 10))
