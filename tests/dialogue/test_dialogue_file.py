import json

import pytest
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.dialogue_file import (
    Act,
    Dialogue,
    Prediction,
    Turn,
    dialogue_from_json,
    dialogue_to_json,
    prediction_from_json,
    prediction_to_json,
    read_dialogues,
    read_predictions,
    write_jsonl,
)
from chatedit.dialogue.errors import DataNotReadable
from dialogue_strategies import acts, photos, states
from hypothesis import given
from hypothesis import strategies as st

TURNS = st.builds(
    Turn,
    user=st.text(min_size=1),
    state=st.none() | states,
    system=st.none() | st.text(),
    act=st.none() | acts,
    kind=st.sampled_from(["", "request"]),
)
DIALOGUES = st.builds(
    Dialogue, id=st.text(min_size=1), caption=st.text(), attributes=photos, turns=st.lists(TURNS).map(tuple)
)
PREDICTIONS = st.builds(
    Prediction,
    id=st.text(min_size=1),
    states=st.lists(st.none() | states).map(tuple),
    responses=st.lists(st.text()).map(tuple),
    acts=st.lists(st.none() | acts).map(tuple),
    repairs=st.lists(st.booleans()).map(tuple),
)


@given(DIALOGUES)
def test_dialogues_round_trip(dialogue):
    assert dialogue_from_json(json.loads(json.dumps(dialogue_to_json(dialogue)))) == dialogue


@given(PREDICTIONS)
def test_predictions_round_trip(prediction):
    assert prediction_from_json(json.loads(json.dumps(prediction_to_json(prediction)))) == prediction


@given(st.lists(DIALOGUES, max_size=3))
def test_files_round_trip_whatever_the_texts_contain(tmp_path_factory, dialogues):
    path = tmp_path_factory.mktemp("files") / "d.jsonl"
    write_jsonl(path, map(dialogue_to_json, dialogues))
    assert read_dialogues(path) == dialogues


def test_the_record_is_the_one_of_the_design():
    turn = Turn("blond", from_values(["blond hair"]), "Done.", Act("suggest", "hair", "bangs"))
    assert dialogue_to_json(Dialogue("1", "A man.", ("smiling",), (turn,))) == {
        "id": "1",
        "caption": "A man.",
        "attributes": ["smiling"],
        "turns": [
            {
                "user": "blond",
                "state": {"hair color": ["blond hair"]},
                "system": "Done.",
                "act": {"type": "suggest", "slot": "hair", "value": "bangs"},
            }
        ],
    }


def test_what_is_to_be_predicted_is_absent():
    assert dialogue_to_json(Dialogue("1", "", (), (Turn("hi"),)))["turns"] == [{"user": "hi"}]


def test_half_a_character_survives_a_file(tmp_path):
    dialogue = Dialogue("1", "", (), (Turn("half \ud83d of it"),))
    write_jsonl(tmp_path / "d.jsonl", [dialogue_to_json(dialogue)])
    assert read_dialogues(tmp_path / "d.jsonl") == [dialogue]


GOOD = '{"id": "1", "turns": [{"user": "hi"}]}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Expecting property name"),
        ('{"turns": []}', "missing field 'id'"),
        ('{"id": "1"}', "missing field 'turns'"),
        ('{"id": "1", "turns": [{}]}', "missing field 'user'"),
        ('{"id": "1", "turns": [{"user": 3}]}', "user must be a text"),
        ('{"id": "1", "turns": [{"user": "x", "state": {"hat": ["red"]}}]}', "unknown slot 'hat'"),
        ('{"id": "1", "turns": [{"user": "x", "state": {"hair": ["curls"]}}]}', "unknown value 'curls'"),
        ('{"id": "1", "turns": [{"user": "x", "state": {"hair": ["bangs", "no bangs"]}}]}', "exclude each other"),
        ('{"id": "1", "turns": [{"user": "x", "act": {"type": "sing"}}]}', "unknown act 'sing'"),
        ("[]", "list indices"),
    ],
)
def test_a_malformed_line_is_refused_with_its_number_and_the_reason(tmp_path, line, reason):
    path = tmp_path / "d.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n")
    with pytest.raises(DataNotReadable, match=f"d.jsonl:3.*{reason}"):
        read_dialogues(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataNotReadable, match=r"no\.jsonl"):
        read_predictions(tmp_path / "no.jsonl")
