"""Kept predictions, by a model that says what it heard."""

import pytest
from chatedit.dialogue.belief_state import EMPTY
from chatedit.dialogue.dialogue_file import Act, Dialogue, Turn
from chatedit.dialogue.errors import ModelNotFound
from chatedit.dialogue.protocols import Reply, Tracked
from chatedit.eval.tables import dialogue_part
from chatedit.eval.tables.dialogue_part import TOGETHER, Predictions, model_folder

DIALOGUES = [Dialogue(str(number), "", (), (Turn(f"hello {number}", EMPTY),)) for number in range(TOGETHER + 3)]


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


class Parrot:
    """Repeats the user; may be stopped at an utterance."""

    def __init__(self, stops_at=None):
        self.heard = []
        self._stops_at = stops_at

    def turn_function(self, is_open, seed):
        def run(contexts, attributes):
            said = [context.user for context in contexts]
            if self._stops_at in said:
                raise Stopped
            self.heard += said
            return [(Tracked(EMPTY), Reply(Act("next"), words)) for words in said]

        return run


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"w")
    return str(tmp_path / "model")


def predict(tmp_path, model, parrot, done=lambda count: None):
    return Predictions(tmp_path / "kept", lambda folder: parrot).of(model, DIALOGUES, 0, done)


def test_a_stopped_run_goes_on_behind_the_slices_that_it_finished(tmp_path, model):
    with pytest.raises(Stopped):
        predict(tmp_path, model, Parrot(f"hello {TOGETHER + 1}"))
    again, counts = Parrot(), []
    found = predict(tmp_path, model, again, counts.append)
    assert again.heard == [f"hello {number}" for number in range(TOGETHER, TOGETHER + 3)]
    assert [(one.id, one.responses) for one in found] == [(d.id, (d.turns[0].user,)) for d in DIALOGUES]
    assert sum(counts) == len(DIALOGUES)


def test_nothing_is_predicted_twice_but_after_a_change_of_model_or_code(tmp_path, model, monkeypatch):
    def heard():
        parrot = Parrot()
        predict(tmp_path, model, parrot)
        return len(parrot.heard)

    assert [heard(), heard()] == [len(DIALOGUES), 0]
    (tmp_path / "model" / "weights").write_bytes(b"others")
    assert [heard(), heard()] == [len(DIALOGUES), 0]
    (tmp_path / "code.py").write_text("")
    monkeypatch.setattr(dialogue_part, "code_files", lambda: [tmp_path / "code.py"])
    assert heard() == len(DIALOGUES)


def test_the_code_that_counts_is_that_of_tracking_and_of_the_replies_words():
    assert {"t5.py", "formats.py", "policy.py", "system.yaml"} <= {file.name for file in dialogue_part.code_files()}


def test_a_model_that_is_not_there_is_told():
    with pytest.raises(ModelNotFound, match="no folder"):
        model_folder("nowhere")
