"""`chatedit track` and `chatedit train` on what users get wrong, and on what they get right."""

import gzip
import json

import pytest
from chatedit.dialogue import commands
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.dialogue_file import Act, Dialogue, Turn, dialogue_to_json, read_predictions, write_jsonl
from chatedit.dialogue.t5 import T5Settings
from tiny_models import SENTENCES, tiny_t5, tiny_tokenizer
from typer import Typer
from typer.testing import CliRunner

app = Typer()
app.command()(commands.track)
app.add_typer(commands.train, name="train")


def call(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


@pytest.fixture
def start(tmp_path):
    """A tiny checkpoint to train."""
    tokenizer = tiny_tokenizer()
    tiny_t5(tokenizer).save_pretrained(tmp_path / "start")
    tokenizer.save_pretrained(tmp_path / "start")
    return tmp_path / "start"


@pytest.fixture
def data(tmp_path):
    turns = tuple(Turn(text, from_values(["bangs"]), "Done.", Act("next"), "request") for text in SENTENCES[:2])
    for name in ("train", "validation"):
        dialogues = [Dialogue(f"{name}-{n}", "A man.", (), turns) for n in range(4)]
        write_jsonl(tmp_path / "data" / f"{name}.jsonl", map(dialogue_to_json, dialogues))
    return tmp_path / "data"


def test_what_is_trained_can_be_used_and_is_continued_for_itself_only(data, start, tmp_path):
    out, predicted = tmp_path / "out", tmp_path / "predicted.jsonl"
    train = ("train", "dialogue", "--data", data, "--start", start, "--out", out, "--minutes", 0.005)
    call(*train, "--prompts", "pptod")
    assert T5Settings.load(out / "model").prompts.state == "translate dialogue to belief state:"
    call("track", data / "validation.jsonl", "--model", out, "-o", predicted, "--engine", "torch")
    assert [len(prediction.repairs) for prediction in read_predictions(predicted)] == [2] * 4
    assert "prompts pptod, not of" in call(*train, code=1)
    assert "seed 1" in call(*train, "--prompts", "pptod", "--seed", 1, code=1)


def test_mistakes_in_files_are_told_in_one_message(data, start, tmp_path):
    train = ("train", "dialogue", "--start", start, "--out", tmp_path / "out", "--minutes", 0.005, "--data")
    (data / "validation.jsonl").write_text("")
    assert "no turn among" in call(*train, data, code=1)
    (data / "train.jsonl").write_text('{"id": "1", "turns": [')
    assert "train.jsonl:1" in call(*train, data, code=1)
    assert "train.jsonl" in call(*train, tmp_path, code=1)
    assert "cannot load a dialogue model" in call(
        "train", "dialogue", "--start", tmp_path, "--data", data, "--out", tmp_path / "out", code=1
    )
    assert "cannot load" in call("train", "inherit", "--data", data, "--teacher", tmp_path, code=1)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "1", "caption": null, "turns": []}')
    assert "caption must be a text" in call("track", broken, "-o", tmp_path / "o.jsonl", code=1)
    assert "pytorch" in call("track", broken, "-o", tmp_path / "o.jsonl", "--engine", "pytorch", code=2)


def test_a_corpus_that_was_cut_off_is_told(start, tmp_path):
    corpus = tmp_path / "sgd.jsonl.gz"
    lines = [json.dumps({"id": str(number), "turns": []}) for number in range(5_000)]
    corpus.write_bytes(gzip.compress("\n".join(lines).encode())[:-400])
    assert "gzipped JSON Lines" in call("train", "pretrain", "--sgd", corpus, "--start", start, code=1)
    corpus.write_bytes(gzip.compress(b'{"turns": [{"user": "hi"}]}\n'))
    assert "no dialogue whose turns have" in call("train", "pretrain", "--sgd", corpus, "--start", start, code=1)


def test_the_extra_that_is_missing_is_named(data, tmp_path, monkeypatch):
    monkeypatch.setattr("chatedit.dialogue.training.teacher.find_spec", lambda name: None)
    corpus = tmp_path / "sgd.jsonl.gz"
    corpus.write_bytes(gzip.compress(b""))
    assert "pip install 'chatedit[train]'" in call("train", "teacher", "--data", data, "--sgd", corpus, code=1)
