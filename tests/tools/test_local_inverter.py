import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from chatedit.editing.image_file import to_png
from chatedit.editing.pack import Pack, load_pack
from chatedit.tools.editor import Inversion
from chatedit.tools.errors import EditError
from chatedit.tools.local_editor import LocalEditor
from chatedit.tools.local_inverter import LocalInverter

sys.path.insert(0, str(Path(__file__).parents[1] / "editing"))
from small_pack import write_small_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    torch.set_num_threads(1)
    return load_pack(write_small_pack(tmp_path_factory.mktemp("pack")))


def photo(seed: int) -> bytes:
    return to_png(torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(seed)) * 2 - 1)


def test_a_batch_of_three_equals_three_batches_of_one(pack: Pack):
    inverter, photos = LocalInverter(pack), [photo(seed) for seed in range(3)]
    together = inverter.invert_all(photos)
    for one, given in zip(together, photos, strict=True):
        [alone] = inverter.invert_all([given])
        assert isinstance(one, Inversion)
        assert isinstance(alone, Inversion)
        assert np.allclose(one.w_plus, alone.w_plus, atol=1e-4)
        assert one.image_png == alone.image_png


def test_it_is_the_editors_own_inversion(pack: Pack):
    editor = LocalEditor(pack)
    try:
        expected = editor.invert(photo(1))
    finally:
        editor.close()
    [found] = LocalInverter(pack).invert_all([photo(1)])
    assert isinstance(found, Inversion)
    assert np.allclose(found.w_plus, expected.w_plus, atol=1e-5)
    assert found.image_png == expected.image_png
    assert found.relevance == pytest.approx(expected.relevance, abs=1e-4)


def test_a_bad_picture_does_not_disturb_its_neighbours(pack: Pack):
    inverter = LocalInverter(pack)
    bad, good = inverter.invert_all([b"no picture", photo(2)])
    assert isinstance(bad, EditError)
    assert isinstance(good, Inversion)
    assert all(isinstance(one, EditError) for one in inverter.invert_all([b"", b"x"]))
