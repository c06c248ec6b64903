from pathlib import Path

import pytest
import torch
from chatedit.editing.e4e import Encoder
from chatedit.editing.identity import identity_crop
from chatedit.editing.ir_se50 import IrSe50, Stage
from chatedit.editing.stylegan2 import num_ws_of
from reference import checkpoint_keys, files, filled, load

FIXTURES = files("e4e_*.npz")
SMALL = (Stage(8, 1), Stage(12, 2), Stage(16, 1), Stage(20, 1))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_offsets_equal_the_published_network(path: Path):
    arrays = load(path)
    encoder = filled(Encoder(num_ws_of(int(path.stem.split("_")[1]))), int(arrays["seed"]), prefix="encoder.")
    identity = filled(IrSe50(), int(arrays["seed"]))
    with torch.no_grad():
        assert (encoder(arrays["image"]) - arrays["w_offsets"]).abs().max() < 1e-3
        face = identity_crop(arrays["image"].shape[-1])(arrays["image"])
        assert (identity(face) - arrays["identity"]).abs().max() < 1e-3


@pytest.mark.skipif(not FIXTURES, reason="no reference folder")
def test_state_dict_has_the_official_keys_and_shapes():
    with torch.device("meta"):
        ours = {f"encoder.{key}": list(value.shape) for key, value in Encoder(18).state_dict().items()}
    [name] = [name for name in checkpoint_keys() if 'pt["state_dict"]' in name]
    assert ours == checkpoint_keys()[name]


@pytest.mark.parametrize(("num_ws", "input_size"), [(4, 32), (8, 64), (10, 128)])
def test_a_small_encoder_takes_its_own_widths(num_ws: int, input_size: int):
    encoder = Encoder(num_ws, style_dim=24, input_size=input_size, stages=SMALL).eval()
    assert encoder(torch.randn(2, 3, input_size, input_size)).shape == (2, num_ws, 24)


def test_bfloat16_gives_nearly_the_same_offsets():
    torch.manual_seed(0)
    encoder = Encoder(4, style_dim=24, input_size=32, stages=SMALL).eval().requires_grad_(False)
    image = torch.randn(2, 3, 32, 32)
    exact = encoder(image)
    offsets = encoder.bfloat16()(image.bfloat16())
    assert offsets.dtype == torch.bfloat16
    assert (offsets - exact).norm() < 0.05 * exact.norm()


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"image must be \[B, 3, 64, 64\]"):
        Encoder(4, style_dim=8, input_size=64, stages=SMALL)(torch.zeros(1, 3, 32, 32))
