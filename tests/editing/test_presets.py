import dataclasses

import pytest
from chatedit.editing.errors import InvalidPreset
from chatedit.editing.presets import PAPER, SEED_NOISE, TERMS, TermWeights, preset_from_mapping


def test_the_paper_preset_has_the_constants_of_section_5_1():
    assert (PAPER.steps, PAPER.learning_rate) == (300, 0.1)
    assert PAPER.weights == TermWeights(clip=1.0, l2=0.008, identity=0.005)
    assert (PAPER.ramp_up, PAPER.ramp_down, PAPER.prompts, PAPER.space) == (0.05, 0.25, "joined", "w_plus")


@pytest.mark.parametrize("term", ["l2", "identity"])
def test_each_loss_of_table_11_can_be_switched_off(term: str):
    weights = PAPER.without(term).weights
    assert getattr(weights, term) == 0.0
    assert [name for name in TERMS if getattr(weights, name) != getattr(PAPER.weights, name)] == [term]


def test_a_preset_is_read_from_pack_data():
    data = {"weights": {"clip": 1.0, "keep": 2.0}, "steps": 50, "learning_rate": 0.05, "prompts": "per_value"}
    preset = preset_from_mapping("full", data)
    assert (preset.name, preset.weights.keep, preset.weights.l2, preset.prompts) == ("full", 2.0, 0.0, "per_value")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lerning_rate": 1}, "lerning_rate"),
        ({"steps": 0}, "steps must be positive"),
        ({"weights": {"l3": 1.0}}, "l3"),
        ({"weights": {"l2": -1.0}}, "weight l2 must not be negative"),
        ({"weights": {"clip": 0.0}}, "nothing pulls"),
        ({"prompts": "two"}, "prompts must be one of"),
        ({"space": "z"}, "space must be one of"),
        ({"ramp_down": 1.5}, "shares of the steps"),
        ({"patience": -1}, "must not be negative"),
    ],
)
def test_wrong_pack_data_is_named(change: dict, message: str):
    with pytest.raises(InvalidPreset, match=message):
        preset_from_mapping("full", {"weights": {}, "steps": 5, "learning_rate": 0.1} | change)


def test_a_missing_field_is_named():
    with pytest.raises(InvalidPreset, match="learning_rate"):
        preset_from_mapping("full", {"steps": 5})


def test_switching_off_an_unknown_term_is_refused():
    with pytest.raises(InvalidPreset, match="no term 'l3'"):
        PAPER.without("l3")


def test_a_seed_above_0_brings_noise_where_the_preset_has_none():
    assert PAPER.seeded(0) is PAPER
    assert PAPER.seeded(1) == dataclasses.replace(PAPER, start_noise=SEED_NOISE)
    noisy = dataclasses.replace(PAPER, start_noise=0.5)
    assert noisy.seeded(1) is noisy
