from pathlib import Path

import pytest
import torch
from chatedit.editing.stylegan2 import Generator, official_channels, truncate
from reference import checkpoint_keys, files, filled, load

FIXTURES = files("stylegan2_*.npz")


def size_of(path: Path) -> int:
    return int(path.stem.split("_")[1])


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_images_equal_the_published_network(path: Path):
    arrays = load(path)
    generator = filled(Generator(size_of(path)), int(arrays["seed"]))
    with torch.no_grad():
        image = generator.synthesis(arrays["w_plus"])
        w = generator.mapping(arrays["z"])
        truncated = truncate(w, arrays["truncation_latent"], float(arrays["truncation"]))
        image_from_z = generator.synthesis(generator.broadcast(truncated))
    assert (image - arrays["image"]).abs().max() < 1e-3
    assert (w - arrays["w"]).abs().max() < 1e-3
    assert (image_from_z - arrays["image_from_z"]).abs().max() < 1e-3


@pytest.mark.skipif(not FIXTURES, reason="no reference folder")
def test_state_dict_of_the_1024_px_generator_has_the_official_keys_and_shapes():
    with torch.device("meta"):
        ours = {key: list(value.shape) for key, value in Generator(1024).state_dict().items()}
    assert ours == checkpoint_keys()['stylegan2-ffhq-config-f.pt["g_ema"]']


def test_a_small_generator_takes_its_own_widths():
    generator = Generator(16, style_dim=24, num_mapping_layers=2, mapping_lr_mul=1.0, channels={4: 12, 8: 10, 16: 6})
    w = generator.mapping(torch.randn(3, 24))
    assert generator(generator.broadcast(w)).shape == (3, 3, 16, 16)


def test_a_batch_equals_its_images_one_by_one():
    generator = Generator(16, style_dim=24, channels={4: 12, 8: 10, 16: 6})
    w_plus = torch.randn(4, generator.num_ws, 24)
    assert torch.allclose(generator(w_plus), torch.cat([generator(row[None]) for row in w_plus]), atol=1e-5)


def test_bfloat16_gives_nearly_the_same_images():
    torch.manual_seed(0)
    generator = Generator(16, style_dim=24, channels={4: 12, 8: 10, 16: 6}).requires_grad_(False)
    w_plus = torch.randn(2, generator.num_ws, 24)
    exact = generator(w_plus)
    image = generator.bfloat16()(w_plus.bfloat16())
    assert image.dtype == torch.bfloat16
    assert (image - exact).norm() < 0.05 * exact.norm()


@pytest.mark.parametrize("size", [4, 48, 0])
def test_a_size_that_is_no_power_of_two_is_refused(size: int):
    with pytest.raises(ValueError, match="power of two"):
        Generator(size)


def test_a_latent_of_another_shape_is_refused():
    generator = Generator(8, style_dim=8, channels={4: 4, 8: 4})
    with pytest.raises(ValueError, match=r"w_plus must be \[B, 4, 8\]"):
        generator.synthesis(torch.zeros(1, 3, 8))


def test_official_channels_halve_from_64_px_on():
    assert official_channels() == {
        4: 512, 8: 512, 16: 512, 32: 512, 64: 512, 128: 256, 256: 128, 512: 64, 1024: 32
    }  # fmt: skip
