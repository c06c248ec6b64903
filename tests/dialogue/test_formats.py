import pytest
from chatedit.dialogue import belief_state, formats
from chatedit.dialogue.belief_state import NO_CHANGE, TurnUpdate, from_values
from chatedit.dialogue.errors import OutputNotReadable
from chatedit.dialogue.formats import PAPER_PROMPTS, PPTOD_PROMPTS, Context
from chatedit.dialogue.ontology import ONTOLOGY
from dialogue_strategies import acts, states, updates
from hypothesis import given

CONTEXT = Context("A man.", (("make him grin", "Done. Bangs?"), ("yes", "What next?")), "more", from_values(["bangs"]))


@given(states)
def test_belief_states_round_trip(state):
    assert formats.parse_state(formats.state_target(state)) == state


@given(updates)
def test_updates_round_trip(update):
    assert formats.parse_update(formats.update_target(update)) == update


@given(updates)
def test_updates_picked_by_token_round_trip(update):
    assert formats.parse_picks(formats.picks_target(update)) == update


@pytest.mark.parametrize("output", ["", "bangs", "<+pink hair>", "nothing <+bangs>", "<+bangs> and more", "<sos_b>"])
def test_picks_outside_the_grammar_are_an_error_and_never_an_empty_update(output):
    with pytest.raises(OutputNotReadable):
        formats.parse_picks(output)


@given(updates)
def test_the_answers_to_all_questions_make_up_the_update(update):
    answers = {
        (slot, value): formats.question_target(update, belief_state.EMPTY, slot, value)
        for slot, values in ONTOLOGY.slots.items()
        for value in values
    }
    assert {pair for pair, answer in answers.items() if answer == "add"} == set(update.added)
    assert {pair for pair, answer in answers.items() if answer == "drop"} >= set(update.removed) - set(update.added)


def test_starting_over_drops_what_is_held_and_nothing_else():
    held = {"hair color": frozenset({"pink hair"})}
    assert formats.question_target(TurnUpdate(is_reset=True), held, "hair color", "pink hair") == "drop"
    assert formats.question_target(TurnUpdate(is_reset=True), held, "hair color", "red hair") == "nothing"


@given(acts)
def test_acts_and_responses_round_trip(act):
    assert formats.parse_response(formats.response_target(act, "Done. What else?")) == (act, "Done. What else?")


@pytest.mark.parametrize(
    "output", ["", "banana", "add", "add pink hair", "drop", "add bangs, banana", "nothing, add bangs"]
)
def test_an_update_outside_the_grammar_is_an_error_and_never_an_empty_update(output):
    with pytest.raises(OutputNotReadable):
        formats.parse_update(output)


@pytest.mark.parametrize(
    "output", ["", "hair: bangs", "<sos_b> hair: curls <eos_b>", "<sos_b> hair: bangs, no bangs <eos_b>"]
)
def test_a_state_that_cannot_be_read_is_an_error(output):
    with pytest.raises(OutputNotReadable):
        formats.parse_state(output)


@pytest.mark.parametrize(
    "output",
    [
        "",
        "<sos_a> next <eos_a>",
        "<sos_a> suggest hats <eos_a> <sos_r> x <eos_r>",
        "<sos_a> dance <eos_a> <sos_r> x <eos_r>",
    ],
)
def test_a_response_that_cannot_be_read_is_an_error(output):
    with pytest.raises(OutputNotReadable):
        formats.parse_response(output)


def test_spaces_do_not_matter_in_an_update():
    assert formats.parse_update("  add  blond   hair ,drop bangs ") == TurnUpdate(
        (("hair color", "blond hair"),), (("hair", "bangs"),)
    )


def test_the_history_is_laid_out_as_pptod_does():
    prefix, body = formats.history_input(CONTEXT, PAPER_PROMPTS)
    assert prefix == "translate dialogue to dialogue state:"
    assert body.startswith("<sos_u> make him grin <eos_u> <sos_r> Done. Bangs? <eos_r> <sos_u> yes <eos_u>")
    assert body.endswith("<sos_u> more <eos_u>")


def test_the_update_input_has_the_state_in_its_prefix_and_only_the_last_exchange_in_its_body():
    prefix, body = formats.update_input(CONTEXT, PPTOD_PROMPTS)
    assert prefix.startswith("translate dialogue to belief state:")
    assert "bangs" in prefix
    assert body == "<sos_r> What next? <eos_r> <sos_u> more <eos_u>"


def test_the_response_input_has_the_caption():
    assert "<sos_d> A man. <eos_d>" in formats.response_input(CONTEXT, PAPER_PROMPTS)[0]


def test_the_question_is_the_papers():
    assert (
        "what is the hair color? pink hair?"
        in formats.question_input(CONTEXT, "hair color", "pink hair", PAPER_PROMPTS)[0]
    )


def test_empty_states_and_updates_are_said_aloud():
    assert formats.update_target(NO_CHANGE) == "nothing"
    assert formats.parse_state(formats.state_target(belief_state.EMPTY)) == belief_state.EMPTY
