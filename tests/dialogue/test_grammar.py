import random

import pytest
from chatedit.dialogue import formats
from chatedit.dialogue.decoders import text_of
from chatedit.dialogue.grammar import MAX_CHANGES, ChoiceGrammar, PicksGrammar, UpdateGrammar, grammar_of
from chatedit.dialogue.special_tokens import PICKS
from chatedit.dialogue.training.presets import add_picks
from tiny_models import tiny_t5, tiny_tokenizer

PARSE = {"update": formats.parse_update, "picks": formats.parse_picks}


@pytest.fixture(scope="module")
def tokenizer():
    tokenizer = tiny_tokenizer()
    add_picks(tiny_t5(tokenizer), tokenizer)
    return tokenizer


@pytest.fixture(scope="module")
def grammar(tokenizer):
    return UpdateGrammar(tokenizer)


@pytest.fixture(scope="module")
def picks(tokenizer):
    return PicksGrammar(tokenizer)


def begun(tokenizer, text):
    """The decoder's start token and the ids of an output so far."""
    return [tokenizer.pad_token_id, *tokenizer(text, add_special_tokens=False).input_ids]


@pytest.mark.parametrize("state_format", list(PARSE))
@pytest.mark.parametrize("seed", range(40))
def test_a_random_walk_ends_in_an_update_that_can_be_read(tokenizer, state_format, seed):
    rng = random.Random(seed)
    grammar = grammar_of(state_format, tokenizer)
    ids = [tokenizer.pad_token_id]
    while ids[-1] != tokenizer.eos_token_id:
        ids.append(rng.choice(grammar.next_ids(ids)))
        assert len(ids) < 60
    update = PARSE[state_format](text_of(tokenizer, ids))
    assert len(update.added) + len(update.removed) + update.is_reset <= MAX_CHANGES


@pytest.mark.parametrize("words", formats.all_updates_words())
def test_every_change_of_the_ontology_is_reachable(tokenizer, grammar, words):
    ids = [tokenizer.pad_token_id]
    for token in [*tokenizer(words, add_special_tokens=False).input_ids, tokenizer.eos_token_id]:
        assert token in grammar.next_ids(ids)
        ids.append(token)


def test_every_change_can_be_picked(tokenizer, picks):
    start = begun(tokenizer, "")
    assert set(tokenizer.convert_tokens_to_ids(list(PICKS))) < set(picks.next_ids(start))


def test_nothing_stands_alone(tokenizer, grammar, picks):
    ids = begun(tokenizer, "nothing")
    assert grammar.next_ids(ids) == picks.next_ids(ids) == [tokenizer.eos_token_id]


def test_no_change_is_written_twice(tokenizer, grammar, picks):
    (sad,) = tokenizer("sad", add_special_tokens=False).input_ids
    assert sad not in grammar.next_ids(begun(tokenizer, "add sad, add"))
    picked = begun(tokenizer, "<+sad>")
    assert picked[-1] not in picks.next_ids(picked)


def test_starting_over_comes_first_or_not_at_all(tokenizer, picks):
    reset = tokenizer.convert_tokens_to_ids("<start over>")
    assert reset in picks.next_ids(begun(tokenizer, ""))
    assert reset not in picks.next_ids(begun(tokenizer, "<+sad>"))


def test_after_the_end_there_is_only_padding(tokenizer, grammar, picks):
    ids = [*begun(tokenizer, "nothing"), tokenizer.eos_token_id]
    assert grammar.next_ids(ids) == picks.next_ids(ids) == [tokenizer.pad_token_id]


def test_a_choice_is_one_of_the_texts_and_nothing_more(tokenizer):
    grammar = ChoiceGrammar(tokenizer, ["add", "drop", "nothing"])
    for text in ("add", "drop", "nothing"):
        ids = begun(tokenizer, "")
        for token in [*begun(tokenizer, text)[1:], tokenizer.eos_token_id, tokenizer.pad_token_id]:
            assert token in grammar.next_ids(ids)
            ids.append(token)
    assert grammar.next_ids(begun(tokenizer, "add")) == [tokenizer.eos_token_id]
