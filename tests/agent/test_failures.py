import pickle
import threading

import pytest
from chatedit.agent import errors
from chatedit.agent.errors import ThreadBusy
from chatedit.tools.errors import EditTimedOut
from one_conversation import Setup, make
from scripted import Diverged, FakeEditor


@pytest.mark.parametrize("error", [Diverged(), EditTimedOut(12, 5.0), MemoryError("no room")])
def test_a_failed_edit_changes_nothing_and_the_next_turn_works(setup: Setup, error: Exception):
    good = setup.talk.say("t", "add lipstick")
    setup.editor.fail = [error]
    bad = setup.talk.say("t", "add bangs")
    assert bad.error is not None
    assert bad.error["type"] == type(error).__name__
    assert "Nothing has changed" in bad.text
    state = setup.talk.state("t")
    assert (state["belief_state"], state["picture"]) == ({"makeup": ["lipstick"]}, good.picture)
    after = setup.talk.say("t", "add blond hair")
    assert after.error is None
    assert after.turn["belief_state"] == {"hair color": ["blond hair"], "makeup": ["lipstick"]}
    assert [user for user, _ in setup.model.contexts[-1].exchanges] == ["add lipstick"]


def test_try_again_repeats_the_turn_that_failed(setup: Setup):
    setup.editor.fail = [Diverged()]
    setup.talk.say("t", "add bangs")
    assert setup.talk.say("t", "please try again").turn["belief_state"] == {"hair": ["bangs"]}


def test_a_failed_message_that_comes_again_later_is_the_last_one(setup: Setup):
    setup.editor.fail = [Diverged()]
    setup.talk.say("t", "add bangs", message_id="m1")
    setup.talk.say("t", "add lipstick", message_id="m2")
    again = setup.talk.say("t", "add bangs", message_id="m1")
    assert again.turn["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}
    said = [message.text for message in setup.talk.state("t")["messages"] if message.type == "human"]
    assert said == ["add lipstick", "add bangs"]


def test_a_retry_that_fails_keeps_the_first_attempt(tmp_path):
    editor = FakeEditor(lambda value, weight: 0.1)
    setup = make(tmp_path, editor)
    editor.fail = [None, Diverged()]
    answer = setup.talk.say("t", "add goatee")
    assert answer.error is None
    assert answer.turn["missing"] == ["goatee"]
    assert "goatee does not really show" in answer.text
    assert "more weight" not in answer.text


def test_a_model_that_breaks_leaves_the_thread_usable(setup: Setup, monkeypatch: pytest.MonkeyPatch):
    real = setup.model.turn
    monkeypatch.setattr(setup.model, "turn", lambda *_: 1 / 0)
    assert "something went wrong" in setup.talk.say("t", "add bangs").text
    monkeypatch.setattr(setup.model, "turn", real)
    assert setup.talk.say("t", "add bangs").turn["belief_state"] == {"hair": ["bangs"]}


def test_a_turn_that_is_cancelled_while_the_gate_tries_again_changes_nothing(tmp_path):
    editor = FakeEditor(lambda value, weight: 0.1)
    setup = make(tmp_path, editor)
    cancelled = setup.talk.say("t", "add goatee", lambda kind, _: kind == "gate" and setup.talk.cancel("t"))
    assert len(editor.requests) == 2
    assert cancelled.error is not None
    assert cancelled.error["type"] == "EditCancelled"
    assert cancelled.text.startswith("Cancelled")
    assert setup.talk.state("t")["belief_state"] == {}


def in_thread(action) -> tuple[threading.Thread, list]:
    results: list = []
    worker = threading.Thread(target=lambda: results.append(action()))
    worker.start()
    return worker, results


def test_the_second_of_two_turns_at_once_is_refused(tmp_path):
    editor = FakeEditor()
    setup = make(tmp_path, editor)
    editor.wait_for = threading.Event()
    worker, results = in_thread(lambda: setup.talk.say("t", "add bangs"))
    assert editor.started.wait(20)
    with pytest.raises(ThreadBusy, match="'t'"):
        setup.talk.say("t", "add lipstick")
    with pytest.raises(ThreadBusy):
        setup.talk.undo("t")
    editor.wait_for.set()
    worker.join(20)
    assert results[0].turn["belief_state"] == {"hair": ["bangs"]}
    assert len(setup.talk.history("t")) == 2


def test_a_cancelled_turn_changes_nothing(tmp_path):
    editor = FakeEditor()
    setup = make(tmp_path, editor)
    assert setup.talk.cancel("t") is False
    editor.wait_for = threading.Event()
    worker, results = in_thread(lambda: setup.talk.say("t", "add bangs"))
    assert editor.started.wait(20)
    assert setup.talk.cancel("t") is True
    worker.join(20)
    assert results[0].error["type"] == "EditCancelled"
    assert results[0].text.startswith("Cancelled")
    assert setup.talk.state("t")["belief_state"] == {}


ERRORS = [
    errors.ThreadBusy("t"),
    errors.UnknownThread("t"),
    errors.UnknownVersion(7, 2),
    errors.NothingToUndo(0),
    errors.NothingToUndo(2),
    errors.NothingToRedo(1),
    errors.NothingToCompare(),
    errors.ThreadsUnavailable("there", "no"),
]


@pytest.mark.parametrize("error", ERRORS)
def test_errors_survive_pickling(error: Exception):
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
