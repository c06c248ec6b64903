"""Values outside the ontology: the question format beside the tracker, over a scripted decoder."""

import pytest
from chatedit.dialogue.belief_state import EMPTY
from chatedit.dialogue.formats import Context
from chatedit.dialogue.t5 import T5DialogueModel, T5Settings
from tiny_models import tiny_tokenizer


class Scripted:
    """Says what it is told to, whatever it is asked."""

    def __init__(self, *outputs: list[str]) -> None:
        self._outputs = list(outputs)

    def decode(self, rows, max_new_tokens):
        return self._outputs.pop(0)


def tracked(user, update, answers, state=EMPTY):
    """The state after `user`, where the tracker writes `update` and the four slots' questions get `answers`."""
    decoder = Scripted([update], answers)
    model = T5DialogueModel(decoder, None, tiny_tokenizer(), T5Settings(state_format="picks"))
    (found,) = model.track_open([Context("A woman.", (), user, state)])
    return found


def test_an_answer_may_add_a_value_never_seen_in_training():
    found = tracked("purple hair and bangs", "<+bangs>", ["nothing", "add purple hair", "nothing", "nothing"])
    assert found.state == {"hair color": {"purple hair"}, "hair": {"bangs"}}


def test_a_value_that_nobody_spoke_of_is_not_added():
    found = tracked("purple hair and bangs", "<+bangs>", ["nothing", "add green hair", "nothing", "nothing"])
    assert found.state == {"hair": {"bangs"}}


def test_within_the_ontology_the_tracker_is_believed_and_not_the_answers():
    found = tracked("give her bangs", "<+bangs>", ["add smiling", "nothing", "nothing", "what?"])
    assert found.state == {"hair": {"bangs"}}


@pytest.mark.parametrize(
    ("answer", "left"), [("drop pink hair", EMPTY), ("nothing", {"hair color": frozenset({"pink hair"})})]
)
def test_an_unlisted_value_stays_until_it_is_taken_back(answer, left):
    state = {"hair color": frozenset({"pink hair"})}
    assert tracked("hm, the pink", "nothing", ["nothing", answer, "nothing", "nothing"], state).state == left


def test_a_listed_color_replaces_an_unlisted_one():
    state = {"hair color": frozenset({"pink hair"})}
    found = tracked("blond then", "<+blond hair>", ["nothing"] * 4, state)
    assert found.state == {"hair color": {"blond hair"}}
