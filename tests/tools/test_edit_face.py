import pickle
import threading
from pathlib import Path

import pytest
from chatedit.tools import edit_face_tool
from chatedit.tools.errors import (
    EditorBroke,
    InvalidBeliefState,
    RetryableCall,
    StoreUnavailable,
    UnknownImage,
)
from chatedit.tools.store import Store
from pydantic import ValidationError
from scripted import Diverged, FakeEditor, png


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def call(editor: FakeEditor, store: Store, state: dict, **options):
    tool = edit_face_tool(editor, store)
    arguments = {"image": store.put_image(png()), "belief_state": state, "options": options}
    return tool.invoke({"name": "edit_face", "args": arguments, "id": "1", "type": "tool_call"})


def test_the_same_call_is_edited_once_and_gives_the_same_picture(store: Store):
    editor = FakeEditor()
    state = {"makeup": ["lipstick", "pale skin"], "hair color": ["blond hair"]}
    one = call(editor, store, state)
    other = call(editor, store, {"hair color": ["blond hair"], "makeup": ["pale skin", "lipstick"]})
    assert one.artifact["image"] == other.artifact["image"]
    assert (one.artifact["is_known"], other.artifact["is_known"]) == (False, True)
    assert (len(editor.requests), editor.num_inversions) == (1, 1)
    assert store.image(one.artifact["image"])[:4] == b"\x89PNG"
    assert "blond hair" in one.content


def test_other_options_are_another_edit(store: Store):
    editor = FakeEditor()
    plain = call(editor, store, {"hair": ["bangs"]})
    pushed = call(editor, store, {"hair": ["bangs"]}, emphasis={"bangs": 2.0}, seed=3)
    assert plain.artifact["key"] != pushed.artifact["key"]
    assert editor.requests[1].options.emphasis == (("bangs", 2.0),)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(store: Store, seed: int):
    with pytest.raises(ValidationError):
        call(FakeEditor(), store, {"hair": ["bangs"]}, seed=seed)


def test_an_empty_state_is_the_photo(store: Store):
    editor = FakeEditor()
    answer = call(editor, store, {})
    assert store.image(answer.artifact["image"]) == png()
    assert editor.requests == []


@pytest.mark.parametrize("state", [{"hat": ["red"]}, {"hair": ["purple"]}, {"hair": "bangs"}, "bangs"])
def test_arguments_outside_the_schema_are_refused(store: Store, state):
    with pytest.raises(ValidationError):
        call(FakeEditor(), store, state)


def test_a_state_that_contradicts_itself_can_be_called_again(store: Store):
    with pytest.raises(InvalidBeliefState, match="exclude each other") as raised:
        call(FakeEditor(), store, {"hair": ["bangs", "no bangs"]})
    assert isinstance(raised.value, RetryableCall)


def test_an_unknown_image_can_be_called_again(store: Store):
    tool = edit_face_tool(FakeEditor(), store)
    with pytest.raises(UnknownImage):
        tool.invoke({"image": "0" * 64, "belief_state": {"hair": ["bangs"]}})


def test_an_edit_that_fails_is_not_kept(store: Store):
    editor = FakeEditor()
    editor.fail = [Diverged()]
    with pytest.raises(Diverged):
        call(editor, store, {"hair": ["bangs"]})
    assert call(editor, store, {"hair": ["bangs"]}).artifact["is_known"] is False


def test_two_callers_at_once_share_one_edit(store: Store):
    editor = FakeEditor()
    editor.wait_for = threading.Event()
    answers: list = []
    callers = [
        threading.Thread(target=lambda: answers.append(call(editor, store, {"hair": ["bangs"]}))) for _ in range(3)
    ]
    for caller in callers:
        caller.start()
    assert editor.started.wait(20)
    editor.wait_for.set()
    for caller in callers:
        caller.join(20)
    assert len({answer.artifact["image"] for answer in answers}) == 1
    assert (len(answers), len(editor.requests)) == (3, 1)


def test_the_schema_names_every_slot_and_value(store: Store):
    schema = edit_face_tool(FakeEditor(), store).tool_call_schema.model_json_schema()
    state = schema["$defs"]["WholeState"]
    assert list(state["properties"]) == ["expression", "hair color", "hair", "makeup"]
    assert state["properties"]["hair color"]["items"]["enum"] == ["brown hair", "blond hair", "black hair", "gray hair"]


@pytest.mark.parametrize("error", [UnknownImage("x"), InvalidBeliefState("y"), EditorBroke("z"), StoreUnavailable("w")])
def test_errors_survive_pickling(error: Exception):
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
