import csv
import json

import pytest
from chat_server import ChatServer
from chatedit.dialogue.dialogue_file import dialogue_to_json, prediction_to_json, read_dialogues, write_jsonl
from chatedit.eval import commands
from small_dialogues import BLOND, STERN
from test_dialogue_scores import PERFECT, POOR
from test_paraphrase import HearsKeywords, kindly
from typer.testing import CliRunner

SIZES = ["--train", "30", "--validation", "6", "--test", "6", "--unseen", "6", "--open-train", "6"]


def call(app, *arguments, code=0, env=None):
    result = CliRunner().invoke(app, [str(a) for a in arguments], env=env)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "in.jsonl"
    write_jsonl(path, map(dialogue_to_json, [BLOND, STERN]))
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("data")
    call(commands.data, "build", "--out", out, *SIZES)
    return out


def test_build_writes_all_files_whole(built):
    sizes = {path.name: len(read_all(path)) for path in built.iterdir()}
    assert sizes == {
        "train.jsonl": 30,
        "validation.jsonl": 6,
        "test.jsonl": 6,
        "test_unseen.jsonl": 6,
        "train_open.jsonl": 6,
    }


def read_all(path):
    from chatedit.dialogue.ontology import OPEN_ONTOLOGY

    return read_dialogues(path, OPEN_ONTOLOGY)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(built, tmp_path):
    call(commands.data, "build", "--out", tmp_path / "same", *SIZES)
    call(commands.data, "build", "--out", tmp_path / "other", *SIZES, "--seed", 1)
    for path in built.iterdir():
        assert path.read_bytes() == (tmp_path / "same" / path.name).read_bytes()
        assert path.read_bytes() != (tmp_path / "other" / path.name).read_bytes()


def test_an_annotation_file_that_is_none_is_told_in_one_line(tmp_path, file):
    output = call(commands.data, "build", "--out", tmp_path / "x", "--annotations", file, code=1)
    assert "expected a count" in " ".join(output.split())
    assert "Traceback" not in output


def test_stats_prints_table_3_and_draws_the_figures(built, tmp_path):
    output = call(commands.data, "stats", built, "--figures", tmp_path / "figures")
    assert "turns per dialogue" in output
    assert "11.6" in output
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"fig3_attributes.png", "fig4_flow.png"}


def test_a_review_goes_out_and_comes_back(file, tmp_path):
    table, out = tmp_path / "review.csv", tmp_path / "reviewed.jsonl"
    call(commands.data, "review", "export", file, "-o", table)
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    rows[0] |= {"correct": "✗", "revised user": "blond, please"}
    with table.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert "1 revised" in call(commands.data, "review", "import", file, table, "-o", out)
    assert read_dialogues(out)[0].turns[0].user == "blond, please"


def test_a_refused_review_leaves_no_file(file, tmp_path):
    table, out = tmp_path / "review.csv", tmp_path / "reviewed.jsonl"
    table.write_text("nothing\n")
    assert "row 1" in call(commands.data, "review", "import", file, table, "-o", out, code=1)
    assert not out.exists()


def test_paraphrase_takes_endpoint_model_and_key_from_the_environment(file, tmp_path, monkeypatch):
    monkeypatch.setattr("chatedit.dialogue.t5.load_dialogue_model", lambda name: HearsKeywords())
    out = tmp_path / "out.jsonl"
    with ChatServer(kindly) as server:
        env = {
            "CHATEDIT_LLM_BASE_URL": server.url,
            "CHATEDIT_LLM_MODEL": "tiny",
            "CHATEDIT_LLM_API_KEY": "secret",
        }
        output = call(commands.data, "paraphrase", file, "-o", out, env=env)
        assert {request["model"] for request in server.requests} == {"tiny"}
        assert set(server.keys) == {"Bearer secret"}
    assert "turns reworded" in output
    assert read_dialogues(out)[0].turns[0].user == "Kindly, make her blond"


def test_paraphrase_tells_a_refused_key(file, tmp_path, monkeypatch):
    monkeypatch.setattr("chatedit.dialogue.t5.load_dialogue_model", lambda name: HearsKeywords())
    with ChatServer(kindly) as server:
        server.mishaps = [401] * 9
        arguments = ("paraphrase", file, "-o", tmp_path / "o.jsonl", "--base-url", server.url, "--model", "m")
        assert "check the API key" in " ".join(call(commands.data, *arguments, code=1).split())


@pytest.fixture
def predictions(tmp_path):
    for name, made in (("perfect", PERFECT), ("poor", POOR)):
        write_jsonl(tmp_path / f"{name}.jsonl", map(prediction_to_json, made))
    return [tmp_path / "perfect.jsonl", tmp_path / "poor.jsonl"]


def test_eval_dialogue_prints_our_rows_beside_the_papers(file, predictions):
    output = call(commands.evaluation, "dialogue", *predictions, "--data", file)
    assert "89.065" in output
    assert "perfect" in output
    assert "sacrebleu nrefs:1" in output


def test_eval_dialogue_prints_json(file, predictions):
    scores = json.loads(call(commands.evaluation, "dialogue", *predictions, "--data", file, "--json"))
    assert [s["joint_accuracy"]["mean"] for s in scores] == [1.0, 0.4]


def test_eval_dialogue_refuses_predictions_for_other_dialogues(file, tmp_path):
    write_jsonl(tmp_path / "other.jsonl", map(prediction_to_json, PERFECT[:1]))
    assert "stern" in call(commands.evaluation, "dialogue", tmp_path / "other.jsonl", "--data", file, code=1)
