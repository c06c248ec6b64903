import json
import sys
from pathlib import Path

import pytest
import typer
from chatedit.agent import assembly, commands
from chatedit.dialogue.dialogue_file import read_dialogues, read_predictions
from PIL import Image
from scripted import WordModel, png
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "editing"))
from small_pack import write_small_pack

app = typer.Typer()
app.command()(commands.chat)
app.command()(commands.run)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_small_pack(tmp_path_factory.mktemp("pack"))
    (folder / "samples").mkdir()
    (folder / "samples" / "one.png").write_bytes(png(3, 40))
    record = {"file": "one.png", "caption": "", "attributes": ["brown hair"], "person": "woman"}
    (folder / "samples" / "samples.json").write_text(json.dumps([record]))
    return folder


@pytest.fixture(autouse=True)
def _scripted_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "_dialogue_model", lambda _: WordModel())


def refused(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, input="")
    assert done.exit_code in (1, 2), (done.output, done.exception)
    assert "Traceback" not in done.output
    return done.output


def chat(pack: Path, folder: Path, lines: list[str], *options: str) -> str:
    arguments = ["chat", "--pack", str(pack), "--home", str(folder / "home"), "-o", str(folder / "out"), *options]
    done = CliRunner().invoke(app, arguments, input="\n".join(lines) + "\n")
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_a_piped_conversation_edits_the_portrait_that_ships_and_writes_pictures(pack: Path, tmp_path: Path):
    said = ["add blond hair", "hello", "add bangs", "/undo", "/redo 1", "/state", "/history", "/compare 0 2", "/export"]
    output = chat(pack, tmp_path, [*said, "/nonsense", "/go 9", "/help", "/quit", "never read"], "--thread", "t")
    assert "brown hair" in output
    assert "hair color: blond hair; hair: bangs" in output
    assert "There is no /nonsense" in output
    assert "no version 9" in output
    assert "never read" not in output
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"t-v1.png", "t-v2.png"}
    [dialogue] = read_dialogues(tmp_path / "out" / "t" / "dialogue.jsonl")
    assert [turn.user for turn in dialogue.turns] == ["add blond hair", "hello", "add bangs"]
    assert dialogue.caption == "This is a photo of a woman. She has brown hair."
    with Image.open(tmp_path / "out" / "t" / "strip.png") as strip:
        assert strip.width > 4 * 256
    assert json.loads((tmp_path / "out" / "t" / "turns.json").read_text())[1]["belief_state"] == {
        "hair color": ["blond hair"]
    }


def test_a_conversation_goes_on_another_time_and_ends_with_the_input(pack: Path, tmp_path: Path):
    first = chat(pack, tmp_path, ["add blond hair"])
    _, _, options = first.partition("go on another time with: chatedit chat")
    assert f"--home {tmp_path / 'home'} --pack {pack}" in options
    thread = options.split()[1]
    assert "hair color: blond hair" in chat(pack, tmp_path, ["/state"], "--thread", thread)
    (tmp_path / "new.png").write_bytes(png(5, 64))
    here = ("--home", str(tmp_path / "home"), "--pack", str(pack))
    assert "has its photo already" in refused("chat", str(tmp_path / "new.png"), "--thread", thread, *here)


def test_what_is_piped_in_is_shown_as_it_is(pack: Path, tmp_path: Path):
    output = chat(pack, tmp_path, ["[bold]hello[/] [/nothing]", "/compare 1", "/compare 0 0 0"])
    assert "you> [bold]hello[/] [/nothing]" in output
    assert output.count("give two versions") == 2


def test_what_cannot_work_is_refused_at_once(pack: Path, tmp_path: Path):
    here = ("--home", str(tmp_path), "--pack", str(pack))
    assert "unknown preset 'slow'" in refused("chat", *here, "--preset", "slow")
    assert "give postgresql://" in refused("chat", *here, "--threads", "mysql://there/threads")
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"id": "a", "attributes": ["a hat"], "turns": []}))
    assert "unknown value 'a hat'" in refused("run", str(script), "--pack", str(pack))
    script.write_text(json.dumps({"id": "a", "turns": []}))
    assert "unknown preset 'slow'" in refused("run", str(script), "--pack", str(pack), "--preset", "slow")


def test_the_last_word_of_the_second_tracker_is_kept(pack: Path, tmp_path: Path):
    chat(pack, tmp_path, ["add blond hair"], "--thread", "t", "--second", "keywords")
    assert "keywords" in chat(pack, tmp_path, ["/second"], "--thread", "t")


def test_a_second_tracker_is_recorded_beside_the_first(pack: Path, tmp_path: Path):
    said = ["/second", "add blond hair", "hello", "add bangs", "/second"]
    output = chat(pack, tmp_path, said, "--second", "keywords")
    assert "No other tracker has been heard" in output
    assert "keywords" in output.split("No other tracker")[1]
    refused = CliRunner().invoke(app, ["chat", "--pack", str(pack), "--home", str(tmp_path), "--second", "gpt-4o"])
    assert refused.exit_code == 1
    assert "choose from" in refused.output


def test_ideas_are_tried_side_by_side_and_drawn_in_the_terminal(pack: Path, tmp_path: Path):
    output = chat(pack, tmp_path, ["/try add bangs | add lipstick", "/try one", "keep version 2", "/state"], "--show")
    assert "▀" in output
    assert "Done with add bangs. What else?" in output
    assert "Done with add lipstick. What else?" in output
    assert "give two ideas or more" in output
    assert "makeup: lipstick" in output


def test_a_picture_of_ones_own_is_taken_and_a_bad_one_refused(pack: Path, tmp_path: Path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(png(5, 64))
    bad.write_bytes(b"no picture")
    chat(pack, tmp_path, ["add bangs"], str(good))
    done = CliRunner().invoke(app, ["chat", str(bad), "--pack", str(pack), "--home", str(tmp_path)], input="")
    assert done.exit_code == 1
    assert "no picture that can be read" in done.output
    assert "Traceback" not in done.output


def test_whole_dialogues_run_unattended(pack: Path, tmp_path: Path):
    (tmp_path / "face.png").write_bytes(png(7, 50))
    dialogues = [
        {
            "id": "a/1",
            "caption": "This is a photo of a man.",
            "attributes": ["brown hair"],
            "turns": [
                {"user": "add blond hair", "state": {"hair color": ["blond hair"]}, "system": "ok"},
                {"user": "add bangs", "state": {"hair": ["bangs"]}},
            ],
        },
        {"id": "c", "image": "broken.png", "turns": [{"user": "add bangs", "state": {"hair": ["bangs"]}}]},
        {"id": "b", "caption": "", "attributes": [], "image": "face.png", "turns": [{"user": "undo"}, {"user": "hm"}]},
    ]
    (tmp_path / "broken.png").write_bytes(b"no picture")
    dialogues[0]["turns"][0]["system"] = "one line\u2028as JSON has it"
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(json.dumps(dialogue, ensure_ascii=False) for dialogue in dialogues))
    out = tmp_path / "out"
    options = ["--device", "cpu", "--timeout", "30"]
    done = CliRunner().invoke(app, ["run", str(script), "-o", str(out), "--pack", str(pack), *options])
    assert done.exit_code == 1, (done.output, done.exception)
    assert "c: " in done.output
    predictions = read_predictions(out / "results.jsonl")
    assert [prediction.id for prediction in predictions] == ["a/1", "c", "b"]
    assert predictions[1].states == (None,)
    assert predictions[0].states[1] == {"hair color": frozenset({"blond hair"}), "hair": frozenset({"bangs"})}
    numbers = json.loads((out / "summary.json").read_text())
    assert (numbers["turns"], numbers["errors"], numbers["joint_accuracy"]) == (4, 0, 0.5)
    assert numbers["refused"] == 1
    results = [json.loads(line) for line in (out / "results.jsonl").read_text().split("\n")[:-1]]
    assert results[1]["error"]["type"] == "NotAnImage"
    assert {path.name for path in (out / "strips").iterdir()} == {"a_1.png", "b.png"}
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "x", "turns": [{"user": 3}]}')
    done = CliRunner().invoke(app, ["run", str(broken), "-o", str(out), "--pack", str(pack)])
    assert done.exit_code == 1
    assert "broken.jsonl:1" in done.output
