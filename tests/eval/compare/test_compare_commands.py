"""The whole command, against a real local endpoint."""

import json

import pytest
from chat_server import ChatServer
from chatedit.dialogue.belief_state import to_json
from chatedit.dialogue.dialogue_file import Dialogue, Turn, dialogue_to_json, prediction_to_json, write_jsonl
from chatedit.eval.compare.commands import app
from small_dialogues import BLOND, STERN
from test_dialogue_scores import PERFECT
from typer.testing import CliRunner

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
RIGHT = {turn.user: to_json(turn.state) for dialogue in (BLOND, STERN) for turn in dialogue.turns}


def knows_all(messages):
    """The right state of each turn, as the full-state method wants it."""
    last = messages[-1]["content"].rsplit("user: ", 1)[-1]
    return json.dumps({slot: held[0] if slot == "hair color" else held for slot, held in RIGHT[last].items()})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "in.jsonl"
    write_jsonl(path, map(dialogue_to_json, [BLOND, STERN]))
    return path


@pytest.fixture
def server():
    with ChatServer(knows_all, USAGE) as server:
        yield server


def call(*arguments, code=0):
    result = CliRunner().invoke(app, ["trackers", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def scores(folder):
    return {s["name"]: s for s in json.loads((folder / "report.json").read_text())["trackers"]}


def test_all_kinds_of_trackers_come_into_one_report(file, server, tmp_path):
    write_jsonl(tmp_path / "mine.jsonl", map(prediction_to_json, PERFECT))
    names = ["keywords", "single-turn:keywords", "llm-state@2", str(tmp_path / "mine.jsonl")]
    chosen = [part for name in names for part in ("-t", name)]
    endpoint = ["--base-url", server.url, "--model", "gpt-4o-mini", "--api-key", "secret"]
    output = call(file, *chosen, "-o", tmp_path / "out", *endpoint)
    assert "report.html" in output
    found = scores(tmp_path / "out")
    assert list(found) == ["keywords", "single-turn:keywords", "llm-state@2", "mine"]
    assert found["llm-state@2"]["joint_accuracy"]["mean"] == found["mine"]["joint_accuracy"]["mean"] == 1.0
    assert found["single-turn:keywords"]["joint_accuracy"]["mean"] < found["keywords"]["joint_accuracy"]["mean"]
    assert found["llm-state@2"]["cost"]["tokens_in"] == 5000
    assert found["llm-state@2"]["cost"]["usd"] == pytest.approx(5 * (1000 * 0.15 + 100 * 0.60) / 1e6)
    assert "prices of 2026-04-05" in found["llm-state@2"]["note"]
    assert set(server.keys) == {"Bearer secret"}
    assert len(server.requests[0]["messages"]) == 6  # system, two examples, the question


def test_a_recorded_comparison_reruns_without_an_endpoint(file, server, tmp_path):
    record = tmp_path / "answers.jsonl"
    server.mishaps = [{"message": {"content": None, "refusal": "no faces, please"}}, b"{"]
    live = ["--base-url", server.url, "--record", record, "--concurrency", 1]
    name = "llm-state:gpt-4o-mini"
    call(file, "-t", name, "-o", tmp_path / "live", *live)
    call(file, "-t", name, "-o", tmp_path / "again", *live)  # nothing is asked twice
    assert len(server.requests) == 6
    call(file, "-t", name, "-o", tmp_path / "replayed", "--base-url", "http://127.0.0.1:9/v1", "--replay", record)
    live_scores, again, replayed = (scores(tmp_path / n)[name] for n in ("live", "again", "replayed"))
    assert replayed == again
    times = ("p50_ms", "p95_ms")
    assert {**replayed["cost"], **dict.fromkeys(times)} == {**live_scores["cost"], **dict.fromkeys(times)}
    assert replayed["cost"]["p50_ms"] == pytest.approx(live_scores["cost"]["p50_ms"], abs=0.1)
    assert replayed["failures"] == {"refusal": 1}
    assert replayed["mishaps"] == {"refusal": 1, "malformed response": 1}
    assert replayed["answered_accuracy"] == 1.0
    assert "answers of 20" in replayed["note"]


def test_a_replay_of_something_else_says_what_to_do(file, server, tmp_path):
    record = tmp_path / "answers.jsonl"
    call(file, "-t", "llm-state:m", "-o", tmp_path / "live", "--base-url", server.url, "--record", record)
    output = call(file, "-t", "llm-updates:m", "-o", tmp_path / "other", "--replay", record, code=1)
    assert "record it again" in output
    assert "Traceback" not in output
    assert not (tmp_path / "other").exists()


def test_a_wrong_key_is_told_once_and_nothing_is_written(file, server, tmp_path):
    server.mishaps = [401] * 9
    output = call(file, "-t", "llm-state:m", "-o", tmp_path / "out", "--base-url", server.url, code=1)
    assert "check the API key" in output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["gpt", "keywords:x", "single-turn:single-turn:t5", "llm-magic:m", "t6"])
def test_an_unknown_tracker_is_told_with_those_that_there_are(file, tmp_path, name):
    output = call(file, "-t", name, "-o", tmp_path / "out", code=1)
    assert f"no tracker '{name}'" in output
    assert "llm-functions" in output


@pytest.mark.parametrize("last", ["t6", "keywords:x", "nowhere.jsonl", "single-turn:gpt", "llm-state:m@9999"])
def test_names_are_checked_before_anything_is_paid_for(file, server, tmp_path, last):
    call(file, "-t", "llm-state:m", "-t", last, "-o", tmp_path / "out", "--base-url", server.url, code=1)
    assert not server.requests


@pytest.mark.parametrize(("dialogues", "reason"), [([], "no dialogues"), ([Dialogue("x", "", (), ())], "x is not")])
def test_data_that_cannot_be_compared_on_are_told_first(server, tmp_path, dialogues, reason):
    write_jsonl(tmp_path / "in.jsonl", map(dialogue_to_json, dialogues))
    named = ["-t", "llm-state:m", "--base-url", server.url]
    assert reason in call(tmp_path / "in.jsonl", *named, "-o", tmp_path / "out", code=1)
    assert not server.requests


def test_files_of_the_same_name_are_told_apart(file, tmp_path):
    chosen = []
    for path in (tmp_path / "a" / "keywords.jsonl", tmp_path / "b" / "keywords.jsonl", tmp_path / "c" / "mine.jsonl"):
        write_jsonl(path, map(prediction_to_json, PERFECT))
        chosen += ["-t", path]
    call(file, "-t", "keywords", *chosen, "-o", tmp_path / "out")
    assert list(scores(tmp_path / "out")) == ["keywords", *map(str, chosen[1:4:2]), "mine"]


def test_a_language_model_must_be_named(file, tmp_path):
    assert "--model or CHATEDIT_LLM_MODEL" in call(file, "-t", "llm-state", "-o", tmp_path / "out", code=1)


def test_record_and_replay_exclude_each_other(file, tmp_path):
    (tmp_path / "r").write_text("")
    output = call(file, "--record", tmp_path / "a", "--replay", tmp_path / "r", code=2)
    assert "choose --record or --replay" in output


def test_only_the_first_dialogues_where_asked(file, tmp_path):
    output = call(file, "-t", "keywords", "-n", 1, "-o", tmp_path / "out")
    assert "1 dialogues, 3 turns" in output


def test_examples_may_come_from_a_file(file, server, tmp_path):
    few = tmp_path / "few.jsonl"
    write_jsonl(few, [dialogue_to_json(STERN)])
    named = ["-t", "llm-state:m@1", "--base-url", server.url, "--examples", few]
    call(file, *named, "-o", tmp_path / "out")
    assert "no smile, no beard" in server.requests[0]["messages"][1]["content"]
    output = call(file, "-t", "llm-state:m@5", "--base-url", server.url, "--examples", few, code=1)
    assert "5 examples wanted, 1 annotated" in output


def test_values_of_the_unseen_test_count_where_asked(server, tmp_path):
    pink = Dialogue("pink", "", (), (Turn("pink, please", {"hair color": frozenset({"pink hair"})}),))
    write_jsonl(tmp_path / "unseen.jsonl", [dialogue_to_json(pink)])
    server.answer = lambda messages: json.dumps({"hair color": "pink hair"})
    named = ["-t", "llm-state:m", "-t", "keywords", "--base-url", server.url, "--corrections", 0]
    call(tmp_path / "unseen.jsonl", *named, "-o", tmp_path / "open", "--open")
    call(tmp_path / "unseen.jsonl", *named, "-o", tmp_path / "closed")
    assert scores(tmp_path / "open")["llm-state:m"]["joint_accuracy"]["mean"] == 1.0
    assert scores(tmp_path / "closed")["llm-state:m"]["failures"] == {"out of ontology": 1}
    assert scores(tmp_path / "open")["keywords"]["errors"] == {"missed": 1}
