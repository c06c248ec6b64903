from pathlib import Path

import pytest
import torch
from chatedit.dialogue.belief_state import from_values
from chatedit.editing.direction_fit import add_fast_preset, fit_directions, sample_latents
from chatedit.editing.engine import Engine
from chatedit.editing.pack import Pack, load_pack
from chatedit.editing.pack_errors import PackInvalid
from small_pack import write_small_pack

torch.set_num_threads(1)
VALUES = ("smiling", "bangs")


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return load_pack(write_small_pack(tmp_path, with_directions=False))


def test_a_direction_is_the_mean_offset_of_the_slow_edits(pack):
    preset = pack.preset("full")
    faces = sample_latents(pack, 2, seed=4)
    results = Engine(pack.models()).run([pack.job(face, from_values(["bangs"]), preset) for face in faces])
    expected = torch.stack([result.w_plus - face for result, face in zip(results, faces, strict=True)]).mean(dim=0)
    directions = fit_directions(pack, preset, 2, 4, VALUES)
    assert directions.shape == (2, pack.generator.num_ws, pack.generator.style_dim)
    torch.testing.assert_close(directions[1], expected, rtol=1e-4, atol=1e-5)


def test_the_fast_preset_starts_where_the_slow_one_led(pack):
    folder = add_fast_preset(pack, pack.preset("full"), num_faces=2, values=VALUES)
    again = load_pack(folder)
    fast = again.preset("fast")
    assert (fast.steps, fast.direction_strength) == (1, 1.0)
    face = sample_latents(again, 1, seed=9)[0]
    job = again.job(face, from_values(["smiling"]), fast)
    assert torch.allclose(job.start_offset, again.latents.directions[0], atol=1e-5)
    assert again.preset("full") == pack.preset("full")


def test_directions_are_not_replaced(tmp_path):
    pack = load_pack(write_small_pack(tmp_path))
    with pytest.raises(PackInvalid, match="already"):
        add_fast_preset(pack, pack.preset("full"), num_faces=1)
