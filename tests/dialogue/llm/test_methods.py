"""What the three ways ask, and how they read what comes back."""

import json

import dialogue_strategies
import pytest
from chatedit.dialogue.belief_state import EMPTY, from_values, to_json
from chatedit.dialogue.dialogue_file import Dialogue, Turn
from chatedit.dialogue.formats import Context
from chatedit.dialogue.llm.errors import AnswerNotReadable
from chatedit.dialogue.llm.full_state import FullState, schema
from chatedit.dialogue.llm.functions import Functions
from chatedit.dialogue.llm.outcome import Completion, FunctionCall
from chatedit.dialogue.llm.updates import Updates
from chatedit.dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY, UNSEEN, Ontology
from hypothesis import given
from hypothesis import strategies as st
from llm_examples import FIRST, SECOND, SHOT, THIRD


def said(value):
    return Completion(value if isinstance(value, str) else json.dumps(value))


def called(*calls, **changes):
    return Completion(calls=tuple(FunctionCall(name, json.dumps(given)) for name, given in calls), **changes)


def contents(asked):
    return [(message["role"], message["content"]) for message in asked.messages]


def test_updates_ask_turn_by_turn_as_heck_et_al_do():
    [(_, first)] = contents(Updates().ask(FIRST, []))
    assert '"slots": {' in first
    assert '"hair color": "the color' in first
    assert json.dumps(["brown hair", "blond hair"])[1:-1].replace(", ", ",\n        ") in first
    assert 'which of the "slots" did the "user" update in its latest response' in first
    assert first.endswith('"system": ""\n"user": "make her blond"')
    later = contents(Updates().ask(THIRD, ['{"hair color": "blond hair"}', '{"hair": "bangs"}']))
    assert [role for role, _ in later] == ["user", "assistant", "user", "assistant", "user"]
    assert later[0][1] == first
    assert later[1][1] == '{"hair color": "blond hair"}'
    assert later[2][1] == '"system": "Done. Bangs?"\n"user": "yes"'
    assert later[4][1] == '"system": "Here they are."\n"user": "undo the bangs"'


def test_where_nobody_remembers_the_answers_the_state_stands_for_them():
    asked = contents(Updates().ask(THIRD, None))
    assert [role for role, _ in asked] == ["user", "assistant", "user"]
    assert asked[0][1].endswith('"user": "make her blond"\n"system": "Done. Bangs?"\n"user": "yes"')
    assert json.loads(asked[1][1]) == to_json(THIRD.state)
    calls = [m["tool_calls"] for m in Functions().ask(THIRD, None).messages if "tool_calls" in m]
    assert json.loads(calls[0][0]["function"]["arguments"])["hair"] == ["bangs"]


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        ({}, ["blond hair", "bangs"]),
        ([], ["blond hair", "bangs"]),
        ({"hair": "remove bangs"}, ["blond hair"]),
        ({"hair": "none"}, ["blond hair"]),
        ({"hair": ["no bangs", "goatee"], "makeup": ["lipstick"]}, ["blond hair", "no bangs", "goatee", "lipstick"]),
        ({"hair_color": " Black  Hair"}, ["black hair", "bangs"]),
        ({"hair color": None, "makeup": []}, ["blond hair", "bangs"]),
        ([{"hair": "none"}, {"hair color": "none"}], []),
        ('Sure! ```json\n{"hair": "sideburns"}\n``` Anything else?', ["blond hair", "bangs", "sideburns"]),
    ],
)
def test_updates_are_merged_into_the_state(answer, values):
    assert Updates().read(THIRD, said(answer)).state == from_values(values)


FULL = {"expression": None, "hair color": "blond hair", "hair": ["bangs"], "makeup": []}


def test_the_full_state_is_asked_for_with_the_whole_dialogue_and_a_strict_schema():
    asked = FullState().ask(THIRD, None)
    assert contents(asked)[-1][1] == (
        "user: make her blond\nsystem: Done. Bangs?\nuser: yes\nsystem: Here they are.\nuser: undo the bangs"
    )
    assert "- hair color: brown hair, blond hair, black hair, gray hair" in contents(asked)[0][1]
    assert asked.schema == schema(ONTOLOGY)
    assert asked.schema["additionalProperties"] is False
    assert asked.schema["required"] == list(ONTOLOGY.slots)
    assert asked.schema["properties"]["expression"]["enum"] == [*ONTOLOGY.slots["expression"], None]
    assert FullState().read(THIRD, said(FULL)).state == from_values(["blond hair", "bangs"])


def test_functions_have_enums_and_earlier_calls_stay_in_the_conversation():
    note = json.dumps([["edit_face", '{"hair_color": "blond hair"}']])
    asked = Functions().ask(THIRD, [note, "[]"])
    edit, take_back, start_over = (tool["function"] for tool in asked.tools)
    assert edit["parameters"]["properties"]["hair"]["items"]["enum"] == list(ONTOLOGY.slots["hair"])
    assert take_back["parameters"]["properties"]["values"]["items"]["enum"] == list(ONTOLOGY.values)
    assert start_over["name"] == "start_over"
    assert all(tool["function"]["strict"] for tool in asked.tools)
    roles = [message["role"] for message in asked.messages]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user", "assistant", "user"]
    assert asked.messages[2]["tool_calls"][0]["id"] == asked.messages[3]["tool_call_id"]


@pytest.mark.parametrize(
    ("calls", "values"),
    [
        ([], ["blond hair", "bangs"]),
        ([("edit_face", {"hair": ["no bangs"], "expression": "sad"})], ["blond hair", "no bangs", "sad"]),
        ([("take_back", {"values": ["bangs"]})], ["blond hair"]),
        ([("start_over", {}), ("edit_face", {"hair_color": "gray hair", "makeup": []})], ["gray hair"]),
    ],
)
def test_calls_are_updates(calls, values):
    assert Functions().read(THIRD, called(*calls)).state == from_values(values)


@pytest.mark.parametrize(
    ("method", "answer", "kind"),
    [
        (Updates(), said("nothing changed"), "malformed JSON"),
        (Updates(), said('{"hair": bangs}'), "malformed JSON"),
        (Updates(), said('{"hair": ["ba'), "half JSON"),
        (Updates(), said('{"hair": '), "half JSON"),
        (Updates(), Completion("", is_cut=True), "half JSON"),
        (Updates(), said({"hair": 3}), "wrong shape"),
        (Updates(), said(["bangs"]), "wrong shape"),
        (Updates(), said({"hair": "curls"}), "out of ontology"),
        (Updates(), said({"hair": "lipstick"}), "out of ontology"),
        (Updates(), said({"hat": "bowler"}), "out of ontology"),
        (FullState(), said([1]), "wrong shape"),
        (FullState(), said({"hair": {"bangs": True}}), "wrong shape"),
        (FullState(), said({"makeup": ["pink hair"]}), "out of ontology"),
        (FullState(), said({"hair": ["bangs", "no bangs"]}), "contradiction"),
        (FullState(), said({"expression": ["sad", "angry"]}), "contradiction"),
        (Functions(), called(("edit_face", ["bangs"])), "wrong shape"),
        (Functions(), called(("paint", {})), "wrong shape"),
        (Functions(), called(("edit_face", {"hair": ["curls"]})), "out of ontology"),
        (Functions(), called(("edit_face", {"hat": "bowler"})), "out of ontology"),
        (Functions(), called(("take_back", {"values": ["curls"]})), "out of ontology"),
        (Functions(), Completion(calls=(FunctionCall("edit_face", '{"hair": ["ba'),)), "half JSON"),
    ],
)
def test_what_is_no_state_is_told_by_its_kind(method, answer, kind):
    with pytest.raises(AnswerNotReadable) as caught:
        method.read(THIRD, answer)
    assert caught.value.args[0] == kind


def answers_shown(method, shot):
    """States that the method reads from the answers that it shows as an example, one after the other."""
    reader, state, found = method(), EMPTY, []
    for message in method(shots=(shot,)).ask(FIRST, []).messages[:-1]:
        if message["role"] != "assistant" or (method is Functions and message["content"] is not None):
            continue
        calls = tuple(FunctionCall(**call["function"]) for call in message.get("tool_calls", ()))
        context = Context("", (), "words", state)
        state = reader.read(context, Completion(message["content"] or "", calls)).state
        found.append(state)
    return found


@pytest.mark.parametrize("method", [Updates, FullState, Functions])
@given(annotated=st.lists(dialogue_strategies.states, min_size=1, max_size=5))
def test_examples_are_shown_in_the_form_in_which_the_method_reads_answers(method, annotated):
    """Whatever a dialogue asks for and takes back: its own answers, read again, give the annotated states."""
    turns = tuple(Turn(f"turn {index}", state, "Done.") for index, state in enumerate(annotated))
    found = answers_shown(method, Dialogue("shot", "", (), turns))
    if method is FullState:
        assert found == annotated[-1:]
    elif method is Updates:
        assert found == annotated
    else:  # turns that change nothing call nothing
        changed = [after for before, after in zip([EMPTY, *annotated], annotated, strict=False) if before != after]
        assert found == changed


def test_two_examples_are_told_apart_from_each_other_and_from_the_dialogue():
    asked = contents(Updates(shots=(SHOT, Dialogue("other", "", (), SHOT.turns))).ask(FIRST, []))
    assert sum("another dialogue" in content for _, content in asked) == 2
    assert "another dialogue" in asked[-1][1]


@pytest.mark.parametrize("method", [Updates, FullState])
def test_values_of_the_unseen_test_can_be_listed(method):
    ontology = Ontology(OPEN_ONTOLOGY.slots)
    assert "pink hair" in str(contents(method(ontology).ask(FIRST, [])))
    assert method(ontology).read(SECOND, said({"hair color": "pink hair"})).state == {
        "hair color": frozenset({"pink hair"})
    }
    assert "pink hair" in UNSEEN["hair color"]
