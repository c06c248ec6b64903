"""Multi-turn against single-turn editing."""

import numpy as np
import pytest
from chatedit.dialogue.belief_state import values
from chatedit.editing.pack import load_pack
from chatedit.eval.edit_commands import turns_table, write_conversation
from chatedit.eval.turn_comparison import MULTI_TURN, NUM_TURNS, SINGLE_TURN, compare_turns, sample_conversations
from PIL import Image


@pytest.fixture(scope="module")
def pack():
    return load_pack("portraits")


@pytest.fixture(scope="module")
def comparison(pack):
    return compare_turns(pack, pack.preset("fast"), *sample_conversations(pack, 2, seed=5))


def test_a_conversation_asks_for_fresh_values_that_add_up(pack):
    conversations, pictures = sample_conversations(pack, 6, seed=1)
    assert len(pictures) == 6
    for conversation in conversations:
        asked = [value for wish in conversation.wishes for value in wish]
        assert len(asked) == len(set(asked))
        for wish, state in zip(conversation.wishes, conversation.states, strict=True):
            assert set(wish) <= set(values(state))


def test_the_same_seed_asks_the_same(pack):
    first, second = (sample_conversations(pack, 3, seed=4) for _ in range(2))
    assert first[0] == second[0]
    assert np.array_equal(first[1], second[1])


def test_both_ways_start_with_the_same_edit(comparison):
    multi, single = comparison.results[MULTI_TURN], comparison.results[SINGLE_TURN]
    assert np.allclose(multi[0], single[0], atol=1e-4)
    assert not np.allclose(multi[-1], single[-1], atol=1e-2)


def test_every_turn_of_both_ways_is_judged_against_the_whole_state(comparison):
    for qualities in comparison.quality.values():
        assert len(qualities) == NUM_TURNS
        asked = [set(quality.present_by_value) for quality in qualities]
        assert asked[-1] == {value for one in comparison.conversations for value in values(one.states[-1])}


def test_the_conversation_is_drawn_as_two_rows(comparison, tmp_path):
    path = tmp_path / "strips" / "one.png"
    write_conversation(comparison, 0, path)
    with Image.open(path) as picture:
        assert picture.width > picture.height
    assert [one.name for one in path.parent.iterdir()] == ["one.png"]


def test_the_table_has_a_row_for_each_turn_of_each_way(comparison):
    assert turns_table(comparison, "fast").row_count == 2 * NUM_TURNS
