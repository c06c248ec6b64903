from pathlib import Path

import pytest
import torch
from chatedit.editing.identity import identity_crop
from chatedit.editing.ir_se50 import IrSe50, Stage
from reference import checkpoint_keys, files, filled, load

FIXTURES = files("ir_se50*.npz")
SMALL = (Stage(8, 1), Stage(12, 2), Stage(16, 1), Stage(20, 1))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_embeddings_equal_the_published_network(path: Path):
    arrays = load(path)
    network = filled(IrSe50(), int(arrays["seed"]))
    with torch.no_grad():
        assert (network(arrays["face"]) - arrays["embedding"]).abs().max() < 1e-3
        for name in (name for name in arrays if name.startswith("image_")):
            size = int(name.split("_")[1])
            identity = network(identity_crop(size)(arrays[name]))
            assert (identity - arrays[f"identity_{size}"]).abs().max() < 1e-3


@pytest.mark.skipif(not FIXTURES, reason="no reference folder")
def test_state_dict_has_the_official_keys_and_shapes():
    with torch.device("meta"):
        ours = {key: list(value.shape) for key, value in IrSe50().state_dict().items()}
    assert ours == checkpoint_keys()["model_ir_se50.pth"]


def test_a_small_network_returns_unit_vectors():
    network = IrSe50(input_size=32, embedding_dim=10, stages=SMALL).eval()
    embedding = network(torch.randn(3, 3, 32, 32))
    assert embedding.shape == (3, 10)
    assert torch.allclose(embedding.norm(dim=1), torch.ones(3))


def test_bfloat16_gives_nearly_the_same_vectors():
    torch.manual_seed(0)
    network = IrSe50(input_size=32, embedding_dim=10, stages=SMALL).eval().requires_grad_(False)
    face = torch.randn(2, 3, 32, 32)
    exact = network(face)
    embedding = network.bfloat16()(face.bfloat16())
    assert embedding.dtype == torch.bfloat16
    assert ((embedding * exact).sum(dim=1) > 0.99).all()


def test_a_face_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"face must be \[B, 3, 32, 32\]"):
        IrSe50(input_size=32, embedding_dim=10, stages=SMALL)(torch.zeros(1, 3, 112, 112))
