"""`chatedit eval tables` from end to end, with edits of one step."""

import json

import pytest
import torch
from chatedit.cli import app
from chatedit.dialogue.dialogue_file import dialogue_to_json, write_jsonl
from chatedit.eval.data_set import build, parts
from chatedit.eval.human.pairs import read_pairs
from chatedit.eval.tables.case import read_cases
from tables_pack import write_quick_pack
from typer.testing import CliRunner

NUM_DIALOGUES = 2
pytestmark = pytest.mark.timeout(900)  # half a minute of work, on a machine that may be busy


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Threads of tiny networks only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for part in parts(0, 0, NUM_DIALOGUES, NUM_DIALOGUES, 0):
        if part.size:
            write_jsonl(folder / "data" / f"{part.name}.jsonl", map(dialogue_to_json, build(part, seed=3)))
    write_quick_pack(folder)
    return folder


def call(folder, *more):
    options = ["--data", folder / "data", "--pack", folder / "quick", "-o", folder / "out", "-n", NUM_DIALOGUES]
    options += ["--seeds", 2, "--processes", 1, "--page", folder / "docs" / "results.md", *more]
    result = CliRunner().invoke(app, ["eval", "tables", *map(str, options)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def first(folder):
    return call(folder)


@pytest.fixture(scope="module")
def page(first, folder):
    return (folder / "docs" / "results.md").read_text()


@pytest.mark.parametrize("title", ["Table 4", "Table 5", "Table 6", "Table 10", "Table 11", "What of the paper holds"])
def test_the_page_has_every_table(page, title):
    assert f"## {title}" in page


def test_the_page_says_where_its_numbers_come_from(page):
    for word in ("- date:", "commit", "CPUs", "chatedit", "- seeds: 0, 1", "preset fast, 1 steps"):
        assert word in page


def test_our_networks_never_pass_for_the_published_metrics(page):
    assert "FD-portraits ↓ | paper: FID" in page
    assert "PD-portraits ↓ | paper: LPIPS" in page


def test_its_pictures_are_there(page, folder):
    named = [line.split("](")[1].rstrip(")") for line in page.splitlines() if line.startswith("![")]
    assert all((folder / "docs" / name).is_file() for name in named)


def test_a_second_run_gives_the_same_scores_and_makes_no_picture(page, folder):
    made = {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*") if path.suffix in (".png", ".npy")}
    before = json.loads((folder / "out" / "results.json").read_text())
    call(folder)
    after = json.loads((folder / "out" / "results.json").read_text())
    assert after["images"] == before["images"]
    edits = {path: time for path, time in made.items() if "edits" in path.parts}
    assert {path: path.stat().st_mtime_ns for path in (folder / "out" / "edits").rglob("*.*")} == edits


def test_the_estimate_counts_the_edits_of_every_row(first, folder):
    told = call(folder, "--estimate")
    assert "multi-turn, USR: 0 edits" in told
    assert "single-turn, USR: 0 edits" in told
    assert "together about" in told
    assert "edits only" in told
    assert "multi-turn, USR: 0 edits" not in call(folder, "--estimate", "--seeds", 3)  # of the third seed


def test_people_can_judge_ours_against_the_baseline(first, folder):
    pairs = read_pairs(folder / "out" / "human" / "pairs.jsonl")
    assert [pair.id for pair in pairs] == ["test-00000", "test-00001"]
    assert all(len(pair.one.turns) == len(pair.utterances) for pair in pairs)
    assert all(turn.response for pair in pairs for side in (pair.one, pair.other) for turn in side.turns)
    assert pairs[0].one.turns[-1].response != pairs[0].other.turns[-1].response


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        (lambda record: record["turns"][-1].pop("state"), [], "test-00001 is not annotated"),
        (lambda record: record.update(image=5), [], "names no photo"),
        (lambda record: None, ["--model", "small=nowhere"], "nowhere"),
    ],
)
def test_what_could_not_be_finished_is_refused_before_anything_is_edited(folder, tmp_path, change, options, reason):
    records = [json.loads(line) for line in (folder / "data" / "test.jsonl").read_text().splitlines()]
    change(records[1])
    write_jsonl(tmp_path / "test.jsonl", records)
    places = ["--data", tmp_path, "--pack", folder / "quick", "-o", tmp_path / "out", "--processes", 1]
    result = CliRunner().invoke(app, ["eval", "tables", *map(str, places), *options])
    assert result.exit_code == 1
    assert reason in " ".join(result.output.split())
    assert not (tmp_path / "out" / "edits").exists()


def test_line_separators_within_words_are_no_ends_of_lines(folder, tmp_path):
    record = json.loads((folder / "data" / "test.jsonl").read_text().splitlines()[0])
    record["turns"][0]["user"] = "blond\u2028please"
    write_jsonl(tmp_path / "test.jsonl", [record])
    assert read_cases(tmp_path / "test.jsonl", 64, 0)[0].dialogue.turns[0].user == "blond\u2028please"


def test_photos_of_unknown_places_are_refused_in_one_message(folder, tmp_path):
    record = json.loads((folder / "data" / "test.jsonl").read_text().splitlines()[0])
    (tmp_path / "test.jsonl").write_text(json.dumps({**record, "image": "nowhere.png"}) + "\n")
    result = CliRunner().invoke(
        app, ["eval", "tables", "--data", str(tmp_path), "--pack", str(folder / "quick"), "-o", str(tmp_path / "out")]
    )
    assert result.exit_code == 1
    assert "nowhere.png" in result.output
