from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from chatedit.editing.clip_resize import clip_resize
from chatedit.editing.identity import FFHQ_FACE, identity_crop
from reference import files, load


@pytest.mark.parametrize("path", files("clip_resize*.npz"), ids=lambda path: path.stem)
def test_resize_equals_the_published_code(path: Path):
    arrays = load(path)
    for name in (name for name in arrays if name.startswith("image_")):
        size = int(name.split("_")[1])
        assert (clip_resize(size)(arrays[name]) - arrays[f"resized_{size}"]).abs().max() < 1e-5


@pytest.mark.parametrize("size", [32, 128])
def test_resize_equals_sevenfold_repetition_and_pooling(size: int):
    image = torch.randn(2, 3, size, size)
    repeated = F.interpolate(image, scale_factor=7, mode="nearest")
    assert torch.allclose(clip_resize(size)(image), F.avg_pool2d(repeated, size // 32), atol=1e-5)


@pytest.mark.parametrize("size", [32, 256, 1024])
def test_identity_crop_equals_its_three_steps(size: int):
    image = torch.randn(1, 3, size, size)
    canvas = F.adaptive_avg_pool2d(image, FFHQ_FACE.canvas)
    face = canvas[:, :, FFHQ_FACE.top : FFHQ_FACE.bottom, FFHQ_FACE.left : FFHQ_FACE.right]
    assert torch.allclose(identity_crop(size)(image), F.adaptive_avg_pool2d(face, FFHQ_FACE.output), atol=1e-5)


def test_a_bfloat16_image_stays_one():
    image = torch.randn(2, 3, 64, 64)
    resized = clip_resize(64)(image.bfloat16())
    assert resized.dtype == torch.bfloat16
    assert torch.allclose(resized.float(), clip_resize(64)(image), atol=0.05)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"image must be \[64, 64\] pixels"):
        clip_resize(64)(torch.zeros(1, 3, 32, 32))
