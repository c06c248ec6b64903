"""Both tasks of the T5 model over scripted and tiny random weights."""

import pytest
from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.dialogue_file import Act
from chatedit.dialogue.formats import Context
from chatedit.dialogue.t5 import T5DialogueModel, T5Settings, load_dialogue_model
from tiny_models import tiny_t5, tiny_tokenizer

WOMAN, MAN = "This is a photo of a woman.", "This is a photo of a man."
SUGGESTS_A_GOATEE = "<sos_a> suggest goatee <eos_a> <sos_r> How about a goatee? <eos_r>"


class Scripted:
    """Says what it is told to, whatever it is asked, and keeps its limits."""

    def __init__(self, *outputs: list[str]) -> None:
        self._outputs = list(outputs)
        self.limits: set[int] = set()

    def decode(self, rows, max_new_tokens):
        self.limits.add(max_new_tokens)
        return self._outputs.pop(0)


def model(*outputs):
    return T5DialogueModel(Scripted(*outputs), None, tiny_tokenizer(), T5Settings(state_format="picks"))


@pytest.mark.parametrize(("caption", "is_repaired"), [(WOMAN, True), (MAN, False)])
def test_no_facial_hair_is_suggested_to_a_woman(caption, is_repaired):
    ((_, reply),) = model(["nothing", SUGGESTS_A_GOATEE]).turn([Context(caption, (), "hi")], [("sad",)])
    assert reply.is_repaired is is_repaired
    assert (reply.act == Act("suggest", "hair", "goatee")) is not is_repaired


def test_a_turn_tracks_as_far_as_tracking_alone_does():
    both = model(["<+bangs>"], ["<+bangs>", SUGGESTS_A_GOATEE])
    (alone,) = both.track([Context(MAN, (), "bangs")])
    ((tracked, _),) = both.turn([Context(MAN, (), "bangs")], [()])
    assert tracked == alone
    assert len(both.decoder.limits) == 1


def test_starting_over_and_dropping_the_only_value_leave_the_same_state():
    for output in ("<start over>", "<-bangs>"):
        (tracked,) = model([output]).track([Context(MAN, (), "no", from_values(["bangs"]))])
        assert tracked.state == EMPTY
        assert tracked.update.is_reset


def test_half_a_character_does_not_stop_a_turn():
    ((tracked, reply),) = model(["<+bangs>", "?"]).turn([Context(f"{WOMAN} \ud800", (), "bangs \udfff")], [()])
    assert tracked.state == from_values(["bangs"])
    assert reply.text


def test_the_folder_of_a_training_is_a_model_folder_too(tmp_path):
    tokenizer = tiny_tokenizer()
    tiny_t5(tokenizer).save_pretrained(tmp_path / "out" / "model")
    tokenizer.save_pretrained(tmp_path / "out" / "model")
    T5Settings(state_format="picks").save(tmp_path / "out" / "model")
    loaded = load_dialogue_model(tmp_path / "out", "torch")
    assert loaded.settings.state_format == "picks"
