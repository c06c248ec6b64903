from pathlib import Path

import pytest
import torch
from chatedit.dialogue.belief_state import from_values
from chatedit.editing.engine import Engine
from chatedit.editing.fast_preset import add_fast_preset, sample_latents
from chatedit.editing.pack import Pack, load_pack
from chatedit.editing.pack_errors import PackInvalid
from small_pack import write_small_pack

torch.set_num_threads(1)
VALUES = ("smiling", "bangs")


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return load_pack(write_small_pack(tmp_path, with_directions=False))


def test_the_fast_preset_starts_where_the_slow_one_led(pack):
    folder = add_fast_preset(pack, pack.preset("full"), num_faces=2, values=VALUES)
    again = load_pack(folder)
    fast = again.preset("fast")
    assert (fast.steps, fast.direction_strength) == (1, 1.0)
    face = sample_latents(pack, 2, seed=0)[0]
    (slow,) = Engine(pack.models()).run([pack.job(face, from_values(["smiling"]), pack.preset("full"))])
    start = again.job(face, from_values(["smiling"]), fast).start_offset
    assert torch.nn.functional.cosine_similarity(start.flatten(), (slow.w_plus - face).flatten(), dim=0) > 0.3
    assert again.preset("full") == pack.preset("full")


def test_directions_are_not_replaced(tmp_path):
    pack = load_pack(write_small_pack(tmp_path))
    with pytest.raises(PackInvalid, match="already"):
        add_fast_preset(pack, pack.preset("full"), num_faces=1)
