import json
import subprocess
import sys

from chatedit.agent.gate import Gate
from chatedit.agent.graph import build_graph
from chatedit.tools.edit_face import edit_face_tool
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from one_conversation import Setup, make
from scripted import FakeEditor, WordModel, png


def messages_of(setup: Setup) -> list:
    return setup.talk.state("t")["messages"]


def test_a_change_is_edited_from_the_original_towards_the_whole_state(setup: Setup):
    setup.talk.say("t", "add blond hair")
    setup.talk.say("t", "add lipstick")
    first, second = setup.editor.requests
    assert second.belief_state == {"hair color": ["blond hair"], "makeup": ["lipstick"]}
    assert (first.w_source == second.w_source).all()


def test_the_edit_is_a_real_tool_call_with_an_artifact(setup: Setup):
    answer = setup.talk.say("t", "add blond hair")
    human, call, result, reply = messages_of(setup)
    assert isinstance(human, HumanMessage)
    assert isinstance(call, AIMessage)
    assert [c["name"] for c in call.tool_calls] == ["edit_face"]
    assert isinstance(result, ToolMessage)
    assert result.tool_call_id == call.tool_calls[0]["id"]
    assert result.artifact["image"] == answer.picture
    assert reply.text == answer.text


def test_small_talk_edits_nothing_and_keeps_the_version(setup: Setup):
    before = setup.talk.say("t", "add blond hair")
    after = setup.talk.say("t", "how are you")
    assert len(setup.editor.requests) == 1
    assert (after.picture, after.turn["version"], after.is_changed) == (before.picture, 1, False)


def test_the_same_state_is_edited_once_whatever_the_way_to_it(setup: Setup):
    one = setup.talk.say("t", "add blond hair; add lipstick")
    setup.talk.say("t", "start over")
    setup.talk.say("t", "add lipstick")
    other = setup.talk.say("t", "add blond hair")
    assert other.picture == one.picture
    assert len(setup.editor.requests) == 2
    assert other.turn["metrics"]["is_known"] is True


def test_an_empty_state_shows_the_photo_itself(setup: Setup):
    photo = setup.talk.state("t")["picture"]
    setup.talk.say("t", "add lipstick")
    answer = setup.talk.say("t", "drop lipstick")
    assert answer.picture == photo
    assert answer.turn["belief_state"] == {}


def test_the_model_sees_the_exchanges_the_state_and_the_last_update(setup: Setup):
    first = setup.talk.say("t", "add lipstick")
    setup.talk.say("t", "hello")
    seen = setup.model.contexts[-1]
    assert seen.exchanges == (("add lipstick", first.text),)
    assert seen.state == {"makeup": frozenset({"lipstick"})}
    assert seen.last_update.added == (("makeup", "lipstick"),)
    assert seen.caption == "This is a photo of a woman."


def test_a_value_that_does_not_show_is_tried_once_more_with_more_weight(tmp_path):
    editor = FakeEditor(lambda value, weight: 0.9 if weight > 1 or value != "goatee" else 0.1)
    setup = make(tmp_path, editor)
    answer = setup.talk.say("t", "add goatee; add lipstick")
    assert [dict(request.options.emphasis) for request in editor.requests] == [{}, {"goatee": 2.5}]
    assert answer.turn["missing"] == []
    assert answer.turn["metrics"]["relevance"]["goatee"] == 0.9
    assert "not" not in answer.text


def test_the_answer_admits_what_does_not_show_even_then(tmp_path):
    editor = FakeEditor(lambda value, weight: 0.1 if value == "goatee" else 0.9)
    setup = make(tmp_path, editor)
    answer = setup.talk.say("t", "add goatee; add lipstick")
    assert len(editor.requests) == 2
    assert answer.turn["missing"] == ["goatee"]
    assert answer.text.startswith("Lipstick worked, but goatee does not really show in the picture")
    assert "not even with more weight" in answer.text
    assert answer.text.endswith("What else?")
    assert "goatee" not in setup.talk.say("t", "add bangs").text.split("What")[0]  # said once


def test_later_answers_and_comparisons_claim_nothing_that_does_not_show(tmp_path):
    setup = make(tmp_path, FakeEditor(lambda value, weight: 0.1 if value == "goatee" else 0.9))
    setup.talk.say("t", "add goatee; add lipstick")
    assert "lipstick" in setup.talk.say("t", "nice lipstick").text  # the fake repeats the user's words as a claim
    assert "goatee" not in setup.talk.say("t", "nice goatee").text
    assert "version 1 (lipstick; goatee does not really show)" in setup.talk.say("t", "before and after").text


def test_of_two_attempts_the_one_with_the_same_person_is_shown(tmp_path):
    editor = FakeEditor(lambda value, weight: 0.1)
    setup = make(tmp_path, editor, gate=Gate(min_identity=0.5))
    editor.identity = 0.2
    assert "changed more than it should" in setup.talk.say("t", "add goatee").text


def test_a_draft_that_names_a_value_beside_the_state_is_replaced(setup: Setup):
    answer = setup.talk.say("t", "hello lipstick")  # the fake repeats the user's words as a claim
    assert "lipstick" not in answer.text


def test_output_that_cannot_be_read_changes_nothing_and_says_so(setup: Setup):
    setup.talk.say("t", "add lipstick")
    answer = setup.talk.say("t", "gibberish")
    assert "could not make out" in answer.text
    assert answer.turn["belief_state"] == {"makeup": ["lipstick"]}


def test_without_a_photo_the_graph_asks_for_one(setup: Setup):
    graph = build_graph(WordModel(), edit_face_tool(setup.editor, setup.store))
    result = graph.invoke({"messages": [HumanMessage("add bangs")]})
    assert "photo first" in result["messages"][-1].text


def test_the_graph_runs_without_a_checkpointer_and_reads_navigation_words(setup: Setup):
    graph = build_graph(WordModel(), edit_face_tool(setup.editor, setup.store))
    state = graph.invoke({"image": setup.store.put_image(png()), "messages": [HumanMessage("add bangs")]})
    assert state["belief_state"] == {"hair": ["bangs"]}
    state = graph.invoke({**state, "messages": [*state["messages"], HumanMessage("undo")]})
    assert state["belief_state"] == {}
    assert len(state["turns"]) == 2


def test_the_state_holds_plain_data_and_references_only(setup: Setup):
    setup.talk.say("t", "add blond hair")
    state = dict(setup.talk.state("t"))
    state.pop("messages")
    assert json.loads(json.dumps(state)) == state
    assert len(json.dumps(state)) < 4000


def test_importing_the_packages_brings_no_models_along():
    code = "import sys, chatedit.agent, chatedit.tools; print([m for m in ('torch', 'langgraph') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
