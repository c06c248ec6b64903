import random
from dataclasses import replace
from itertools import combinations

import pytest
from chatedit.dialogue import belief_state, policy
from chatedit.dialogue.dialogue_file import dialogue_to_json
from chatedit.dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY, UNSEEN
from chatedit.eval.data_set import build, parts
from chatedit.eval.simulation.photo import Photo, sample_photo
from chatedit.eval.simulation.phrase_bank import load_phrase_bank
from chatedit.eval.simulation.simulator import simulate
from chatedit.eval.simulation.talk import SimulationConfig
from chatedit.eval.simulation.user_acts import USER_ACTS

SIMULATED = SimulationConfig(scenes=0.0, hardness=1.0)


def dialogues(count, config=SIMULATED, split="train"):
    bank = load_phrase_bank(split)
    rngs = [random.Random(seed) for seed in range(count)]
    return [simulate(bank, sample_photo(rng, n), str(n), rng, config) for n, rng in enumerate(rngs)]


@pytest.fixture(scope="module")
def many():
    return dialogues(250)


@pytest.fixture(scope="module")
def turns(many):
    """Each turn with its dialogue and the state and the act before it."""
    rows = []
    for dialogue in many:
        state, act = belief_state.EMPTY, None
        for turn in dialogue.turns:
            rows.append((dialogue, state, act, turn))
            state, act = turn.state, turn.act
    return rows


def test_the_same_seed_gives_the_same_dialogues():
    assert list(map(dialogue_to_json, dialogues(12))) == list(map(dialogue_to_json, dialogues(12)))


def test_all_kinds_of_user_acts_come_up(many):
    assert {turn.kind for dialogue in many for turn in dialogue.turns} == set(USER_ACTS)


def test_states_obey_the_rules(turns):
    for _, _, _, turn in turns:
        assert belief_state.from_json(belief_state.to_json(turn.state)) == turn.state


def test_nothing_is_requested_that_the_photo_already_shows(turns):
    for dialogue, before, _, turn in turns:
        for _, value in belief_state.diff(before, turn.state).added:
            assert value not in dialogue.attributes


def test_no_system_act_is_illogical(turns):
    assert not [t for d, _, _, t in turns if policy.is_illogical(t.act, t.state, d.attributes)]


def test_small_talk_mentions_and_declined_suggestions_change_nothing(turns):
    quiet = [
        (before, t) for _, before, _, t in turns if t.kind in {"small talk", "mention", "keep", "decline", "answer no"}
    ]
    assert quiet
    assert all(turn.state == before for before, turn in quiet)


def test_an_accepted_suggestion_adds_just_its_value(turns):
    accepted = [(before, act, t) for _, before, act, t in turns if t.kind == "accept"]
    assert accepted
    for before, act, turn in accepted:
        assert turn.state == belief_state.add(before, act.slot, act.value)


def test_a_declined_suggestion_is_never_made_again(many):
    for dialogue in many:
        declined = set()
        for turn, following in zip(dialogue.turns, dialogue.turns[1:], strict=False):
            if following.kind.startswith("decline"):
                declined.add(turn.act.value)
            assert following.act.value not in declined or not following.act.value


def test_an_answer_names_something_of_the_slot_that_was_asked_about(turns):
    answered = [(before, act, t) for _, before, act, t in turns if t.kind == "answer"]
    assert answered
    for before, act, turn in answered:
        assert act.slot in {slot for slot, _ in belief_state.diff(before, turn.state).added}


def test_taking_back_leaves_what_was_not_named(turns):
    for _, before, _, turn in turns:
        if turn.kind in {"undo named", "undo two", "undo last", "undo all but", "undo and keep"}:
            assert set(belief_state.values(turn.state)) < set(belief_state.values(before))


def test_starting_over_empties_the_state_before_anything_else(turns):
    for _, before, _, turn in turns:
        if turn.kind == "start over":
            assert before
            assert len(belief_state.values(turn.state)) <= 2


def test_no_placeholder_is_left_in_what_is_said(many):
    for dialogue in many:
        assert not [t for t in dialogue.turns if "{" in t.user + t.system or "}" in t.user + t.system]
        assert all(turn.user.strip() and turn.system.strip() for turn in dialogue.turns)


def test_facial_hair_is_not_suggested_to_women(many):
    women = [dialogue for dialogue in many if "woman" in dialogue.caption]
    assert women
    assert not [t for d in women for t in d.turns if t.act.value in policy.FACIAL_HAIR]


def test_open_dialogues_hold_values_outside_the_ontology_and_closed_ones_never():
    found = dialogues(40, SimulationConfig(scenes=0.0, extra=0.5, is_open=True))
    assert any(v not in ONTOLOGY.values for d in found for t in d.turns for v in belief_state.values(t.state))
    closed = dialogues(40, SimulationConfig(scenes=0.0, extra=0.5))
    assert all(v in ONTOLOGY.values for d in closed for t in d.turns for v in belief_state.values(t.state))


def test_taking_back_an_open_value_is_said_and_not_just_the_value_named():
    config = SimulationConfig(scenes=0.0, extra=0.0, unseen=1.0, is_open=True, hardness=1.0)
    found = dialogues(60, config, "test")
    undone = [t.user.lower() for d in found for t in d.turns if t.kind == "undo named"]
    assert undone
    unseen = {value for values in UNSEEN.values() for value in values}
    assert not unseen & {text.strip(" .!") for text in undone}


def test_a_file_of_the_data_set_does_not_depend_on_the_other_files():
    small, large = parts(4, 2, 2, 2, 2), parts(4, 9, 9, 9, 9)
    first = [dialogue_to_json(d) for d in build(small[0], 7)]
    assert first == [dialogue_to_json(d) for d in build(large[0], 7)]
    assert first != [dialogue_to_json(d) for d in build(large[0], 8)]


def test_the_out_of_distribution_test_is_full_of_table_9():
    (part,) = [p for p in parts(0, 0, 0, 60, 0) if p.size]
    found = list(build(part, 0))
    unseen = {value for values in UNSEEN.values() for value in values}
    named = {v for d in found for t in d.turns for v in belief_state.values(t.state)} & unseen
    assert named == unseen
    assert all(
        OPEN_ONTOLOGY.slot_of(v) in t.state for d in found for t in d.turns for v in belief_state.values(t.state)
    )


def test_no_photo_is_in_two_splits():
    pairs = list(combinations(ONTOLOGY.values, 2))
    photos = [Photo(str(number), False, True, pair) for number, pair in enumerate(pairs)]
    found = [
        {dialogue.attributes for dialogue in build(replace(part, config=SIMULATED), 0, photos)}
        for part in parts(40, 40, 40, 0, 0)[:3]
    ]
    assert all(len(seen) > 5 for seen in found)
    assert not any(one & other for one, other in combinations(found, 2))
