import random

import pytest
from chatedit.dialogue import formats
from chatedit.dialogue.grammar import MAX_CHANGES, UpdateGrammar
from tiny_models import tiny_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def grammar(tokenizer):
    return UpdateGrammar(tokenizer)


def text_of(tokenizer, ids):
    return tokenizer.decode([i for i in ids if i not in (tokenizer.pad_token_id, tokenizer.eos_token_id)])


@pytest.mark.parametrize("seed", range(60))
def test_a_random_walk_ends_in_an_update_that_can_be_read(tokenizer, grammar, seed):
    rng = random.Random(seed)
    ids = [tokenizer.pad_token_id]
    while ids[-1] != tokenizer.eos_token_id:
        ids.append(rng.choice(grammar.next_ids(ids)))
        assert len(ids) < 60
    update = formats.parse_update(text_of(tokenizer, ids))
    assert len(update.added) + len(update.removed) + update.is_reset <= MAX_CHANGES


@pytest.mark.parametrize("words", formats.all_updates_words())
def test_every_change_of_the_ontology_is_reachable(tokenizer, grammar, words):
    ids = [tokenizer.pad_token_id]
    for token in [*tokenizer(words, add_special_tokens=False).input_ids, tokenizer.eos_token_id]:
        assert token in grammar.next_ids(ids)
        ids.append(token)


def test_nothing_stands_alone(tokenizer, grammar):
    ids = [tokenizer.pad_token_id, *tokenizer("nothing", add_special_tokens=False).input_ids]
    assert grammar.next_ids(ids) == [tokenizer.eos_token_id]


def test_no_change_is_written_twice(tokenizer, grammar):
    ids = [tokenizer.pad_token_id, *tokenizer("add sad, add", add_special_tokens=False).input_ids]
    (sad,) = tokenizer("sad", add_special_tokens=False).input_ids
    assert sad not in grammar.next_ids(ids)


def test_after_the_end_there_is_only_padding(tokenizer, grammar):
    ids = [tokenizer.pad_token_id, *tokenizer("nothing", add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    assert grammar.next_ids(ids) == [tokenizer.pad_token_id]
