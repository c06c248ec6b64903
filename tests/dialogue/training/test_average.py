import json

import pytest
import torch
from chatedit.dialogue.dialogue_file import Dialogue, Turn, dialogue_to_json, write_jsonl
from chatedit.dialogue.errors import ModelNotFound
from chatedit.dialogue.t5 import T5Settings
from chatedit.dialogue.training.average import average
from chatedit.dialogue.training.export import export
from chatedit.dialogue.training.presets import add_picks, load_start
from tiny_models import tiny_t5, tiny_tokenizer
from transformers import T5Config, T5ForConditionalGeneration

SETTINGS = T5Settings(state_format="picks")


def exported(folder, seed, **shape):
    tokenizer = tiny_tokenizer()
    model = tiny_t5(tokenizer, seed)
    if shape:
        model = T5ForConditionalGeneration(T5Config(**{**model.config.to_dict(), **shape}))
    add_picks(model, tokenizer)
    export(model, tokenizer, SETTINGS, folder, "# A model\n")
    return folder


@pytest.fixture
def data(tmp_path):
    turn = Turn("smile", {"expression": ["smiling"]})
    folder = tmp_path / "data"
    folder.mkdir()
    write_jsonl(folder / "validation.jsonl", [dialogue_to_json(Dialogue("0", "", (), (turn,)))])
    return folder


def test_weights_lie_between_and_the_card_tells_the_share(tmp_path, data):
    start, end = exported(tmp_path / "start", 0), exported(tmp_path / "end", 1)
    found = average(start, end, 0.25, data, tmp_path / "out")
    (old, _), (new, _), (between, _) = (load_start(str(f)) for f in (start, end, tmp_path / "out" / "model"))
    for name, weight in between.state_dict().items():
        expected = 0.75 * old.state_dict()[name] + 0.25 * new.state_dict()[name]
        assert torch.allclose(weight, expected, rtol=2e-3, atol=2e-3), name  # half precision
    assert set(found) == {"start", "end", "average"}
    card = (tmp_path / "out" / "model" / "README.md").read_text()
    assert card.startswith("# A model")
    assert "25%" in card
    assert json.loads((tmp_path / "out" / "model" / "stages.json").read_text())[-1]["share"] == 0.25


def test_models_of_other_shapes_are_refused(tmp_path, data):
    start, end = exported(tmp_path / "start", 0, d_ff=48), exported(tmp_path / "end", 1)
    with pytest.raises(ModelNotFound, match="names or shapes"):
        average(start, end, 0.5, data, tmp_path / "out")
    assert not (tmp_path / "out").exists()
