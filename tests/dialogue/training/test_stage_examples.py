from pathlib import Path

import pytest
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.dialogue_file import Act, Dialogue, Turn, dialogue_to_json, write_jsonl
from chatedit.dialogue.training.stage_examples import held_out_examples, stage_examples


def dialogue(user, state):
    turn = Turn(user, state, "Done. What else?", Act("next"), "request")
    return Dialogue("1", "This is a photo of a man.", (), (turn,))


@pytest.fixture
def data(tmp_path) -> Path:
    known = [dialogue("bangs, please", from_values(["bangs"]))] * 40
    for name in ("train", "validation"):
        write_jsonl(tmp_path / f"{name}.jsonl", map(dialogue_to_json, known))
    return tmp_path


def test_turns_are_told_and_some_asked_about(data):
    tasks = [example.task for example in stage_examples(data)]
    assert tasks.count("state") == 40
    assert 0 < tasks.count("question") < 40
    assert {example.task for example in held_out_examples(data)} == {"state", "question"}


def test_values_outside_the_ontology_are_asked_about(data):
    green = dialogue("green hair!", {"hair color": frozenset({"green hair"})})
    write_jsonl(data / "train_open.jsonl", [dialogue_to_json(green)] * 20)
    asked = [e for e in stage_examples(data) if "green hair?" in e.prefix and "green hair!" in e.body]
    assert asked
    assert {e.target for e in asked} == {"add"}
