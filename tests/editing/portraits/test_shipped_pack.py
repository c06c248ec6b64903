"""The pack that ships reaches its gates, here on a small sample; `chatedit portraits check` measures on more."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from chatedit.editing.domain_check import check_domain
from chatedit.editing.image_errors import OutOfDomain
from chatedit.editing.inversion import encode, invert
from chatedit.editing.pack import load_pack
from chatedit.editing.portraits.attribute_net import to_tensor
from chatedit.editing.portraits.commands import SHIPPED_PACK
from chatedit.editing.portraits.data import Renders, load_renders
from chatedit.editing.portraits.factors import VALUES
from chatedit.editing.portraits.gates import area_under_curve, measure_gates
from chatedit.editing.portraits.parts import load_shipped
from PIL import Image

pytestmark = pytest.mark.skipif(not (SHIPPED_PACK / "pack.yaml").exists(), reason="the pack has not been trained yet")
LARGEST_FILE_BYTES, LARGEST_PACK_BYTES = 15_000_000, 45_000_000


@pytest.fixture(scope="module")
def held_out(tmp_path_factory) -> Renders:
    return load_renders(tmp_path_factory.mktemp("held-out"), 80, seed=777)


@pytest.fixture(scope="module")
def pack():
    return load_pack("portraits")


@pytest.fixture(scope="module")
def report(held_out, pack):
    torch.set_num_threads(1)
    return measure_gates(load_shipped(SHIPPED_PACK), held_out, partial(invert, pack))


def test_the_reader_reads_renders(report):
    assert report.reader_accuracy >= 0.97


def test_the_generator_draws_the_values(report):
    recalls = [recall for recall in report.generator_recall.values() if not np.isnan(recall)]
    assert np.mean(recalls) >= 0.85


def test_inversion_keeps_the_values(report):
    assert report.inversion_values >= 0.95


def test_people_are_told_apart(report):
    assert report.identity_rank_1 >= 0.9


def test_clip_finds_what_a_prompt_says(report):
    assert np.nanmean(list(report.clip_auc.values())) >= 0.9


def test_the_files_are_small():
    sizes = [path.stat().st_size for path in SHIPPED_PACK.rglob("*") if path.is_file()]
    assert max(sizes) < LARGEST_FILE_BYTES
    assert sum(sizes) < LARGEST_PACK_BYTES


def test_the_samples_are_there_with_their_values(pack):
    samples = json.loads((SHIPPED_PACK / "samples" / "samples.json").read_text())
    assert len(samples) == 8
    for sample in samples:
        assert set(sample["attributes"]) <= set(VALUES)
        with Image.open(SHIPPED_PACK / "samples" / sample["file"]) as picture:
            assert picture.size == (512, 512)


def test_portraits_are_of_the_domain(pack, held_out):
    check_domain(pack, to_tensor(np.asarray(held_out.images[:12])))


@pytest.mark.parametrize("kind", ["noise", "gray", "stripes"])
def test_other_pictures_are_not(pack, kind):
    size = pack.image_size
    random = torch.Generator().manual_seed(0)
    pictures = {
        "noise": torch.rand(1, 3, size, size, generator=random) * 2 - 1,
        "gray": torch.zeros(1, 3, size, size),
        "stripes": torch.sign(torch.sin(torch.arange(size) / 5.0)).expand(1, 3, size, size),
    }
    with pytest.raises(OutOfDomain):
        check_domain(pack, pictures[kind])


def test_both_loaders_encode_alike(pack, held_out):
    images = to_tensor(np.asarray(held_out.images[:2]))
    assert torch.allclose(encode(pack, images), load_shipped(SHIPPED_PACK).invert(images), atol=1e-3)


def test_area_under_curve_of_a_hand_worked_case():
    scores, positive = np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True])
    assert area_under_curve(scores, positive) == pytest.approx((1 + 0.5 + 1 + 1) / 4)
