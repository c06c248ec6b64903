from dataclasses import replace

import pytest
from chatedit.dialogue.dialogue_file import Dialogue, Turn
from chatedit.eval.compare.shots import choose_shots, simulated_training_dialogues, unlike
from chatedit.eval.compare.turn_kinds import turn_kinds
from chatedit.eval.data_set import build, parts
from small_dialogues import BLOND, STERN


def test_examples_show_as_many_kinds_of_turns_as_they_can():
    plain = [Dialogue(str(i), "", (), BLOND.turns[:1]) for i in range(20)]
    assert {shot.id for shot in choose_shots([*plain, BLOND, STERN], 2, seed=3)} == {"blond", "stern"}


def test_the_same_seed_chooses_the_same_and_dialogues_without_annotation_are_left_out():
    pool = [Dialogue(str(i), "", (), BLOND.turns) for i in range(20)]
    assert choose_shots(pool, 3, 1) == choose_shots(pool, 3, 1)
    assert len({shot.id for shot in choose_shots(pool, 3, 1)}) == 3
    with pytest.raises(ValueError, match="2 examples wanted, 1 annotated"):
        choose_shots([BLOND, Dialogue("bare", "", (), (Turn("hi"),))], 2, 0)


def test_what_is_compared_on_is_no_example():
    pool = simulated_training_dialogues(0)
    [train] = [part for part in parts(3, 0, 0, 0, 0) if part.name == "train"]
    left = unlike(pool, [replace(dialogue, id="other") for dialogue in build(train, 0)])
    assert left == pool[3:]


def test_simulated_examples_are_of_the_training_split_and_not_in_the_test_split():
    pool = simulated_training_dialogues(0)
    [test] = [part for part in parts(0, 0, 40, 0, 0) if part.name == "test"]
    seen = {turn.user for dialogue in build(test, 0) for turn in dialogue.turns if len(turn.user) > 20}
    shots = choose_shots(pool, 4, 0)
    assert not {turn.user for shot in shots for turn in shot.turns} & seen
    assert len({kind for shot in shots for kind in turn_kinds(shot)}) >= 8
