"""Values outside the ontology: the question format beside the tracker, over a scripted decoder."""

import pytest
from chatedit.dialogue.belief_state import EMPTY
from chatedit.dialogue.errors import NoQuestions
from chatedit.dialogue.formats import Context
from chatedit.dialogue.t5 import BEYOND, T5DialogueModel, T5Settings
from tiny_models import tiny_tokenizer

PINK = {"hair color": frozenset({"pink hair"})}


class Scripted:
    """Says what it is told to, whatever it is asked."""

    def __init__(self, *outputs: list[str]) -> None:
        self._outputs = list(outputs)

    def decode(self, rows, max_new_tokens):
        return self._outputs.pop(0)

    def decode_within(self, rows, allowed, max_new_tokens):
        outputs = self._outputs.pop(0)
        assert len(outputs) == len(rows)
        return outputs


def tracked(user, update, state=EMPTY, **answers):
    """The state after `user`, where the tracker writes `update` and questions get `answers`, else "nothing"."""
    given = [answers.get(value.replace(" ", "_"), "nothing") for _, value in BEYOND]
    model = T5DialogueModel(Scripted([update], given), None, tiny_tokenizer(), T5Settings(state_format="picks"))
    (found,) = model.track_open([Context("A woman.", (), user, state)])
    return found.state


def test_an_answer_may_add_a_value_never_seen_in_training():
    found = tracked("purple hair and bangs", "<+bangs>", purple_hair="add")
    assert found == {"hair color": {"purple hair"}, "hair": {"bangs"}}


def test_an_answer_that_cannot_be_read_is_asked_for_again_within_the_three_words():
    given = ["what?" if value == "big eyes" else "nothing" for _, value in BEYOND]
    settings = T5Settings(state_format="picks")
    model = T5DialogueModel(Scripted(["<+bangs>"], given), Scripted(["add"]), tiny_tokenizer(), settings)
    (found,) = model.track_open([Context("A woman.", (), "bangs and big eyes")])
    assert found.state == {"hair": {"bangs"}, "makeup": {"big eyes"}}


def test_a_model_whose_format_has_no_questions_is_not_asked():
    model = T5DialogueModel(Scripted(), None, tiny_tokenizer(), T5Settings(state_format="history"))
    with pytest.raises(NoQuestions, match="'history' format has none"):
        model.track_open([Context("A woman.", (), "pink hair")])


@pytest.mark.parametrize(("answer", "left"), [("drop", EMPTY), ("nothing", PINK)])
def test_an_unlisted_value_stays_until_it_is_taken_back(answer, left):
    assert tracked("hm, the pink", "nothing", PINK, pink_hair=answer) == left


def test_a_listed_color_replaces_an_unlisted_one():
    assert tracked("blond then", "<+blond hair>", PINK) == {"hair color": {"blond hair"}}


def test_taking_the_only_listed_value_back_leaves_unlisted_ones():
    assert tracked("no bangs after all", "<-bangs>", {**PINK, "hair": frozenset({"bangs"})}) == PINK


@pytest.mark.parametrize("listed", [(), ("bangs",), ("bangs", "goatee")])
def test_starting_over_takes_everything_back(listed):
    held = {**PINK, "hair": frozenset(listed)} if listed else PINK
    assert tracked("start over", "<start over>", held) == EMPTY


def test_taking_all_listed_values_back_one_by_one_is_no_start_over():
    assert (
        tracked("no bangs, no goatee", "<-bangs> <-goatee>", {**PINK, "hair": frozenset({"bangs", "goatee"})}) == PINK
    )


def test_silence_changes_nothing():
    assert tracked("  ", "<start over>", PINK, purple_hair="add") == PINK


def test_other_values_than_those_of_table_9_may_be_asked_for():
    model = T5DialogueModel(Scripted(["nothing"], ["add"]), None, tiny_tokenizer(), T5Settings(state_format="picks"))
    (found,) = model.track_open([Context("A woman.", (), "dreadlocks")], [("hair", "dreadlocks")])
    assert found.state == {"hair": {"dreadlocks"}}
