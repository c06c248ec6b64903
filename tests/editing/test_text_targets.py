from collections.abc import Sequence

import pytest
import torch
from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.ontology import ONTOLOGY
from chatedit.editing.errors import NothingToEdit
from chatedit.editing.presets import PAPER, Preset, TermWeights
from chatedit.editing.text_targets import PromptTemplates, TextTargeter, unrequested
from torch import Tensor

KEEPING = Preset("keeping", TermWeights(keep=1.0), steps=5, learning_rate=0.1, prompts="per_value")
TEMPLATES = PromptTemplates("a face with {phrases}", "{phrase}", {"smiling": "a smile"})


class Recorder:
    """Text encoder that remembers what it was asked and returns vectors of length 2."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def __call__(self, prompts: Sequence[str]) -> Tensor:
        self.prompts += prompts
        return torch.tensor([[2.0, 0.0]] * len(prompts))


def test_the_paper_joins_all_values_in_one_prompt():
    encoder = Recorder()
    targets = TextTargeter(encoder, TEMPLATES).targets_for(from_values(["lipstick", "smiling"]), PAPER)
    assert encoder.prompts == ["a face with a smile, lipstick"]
    assert targets.texts.tolist() == [[1.0, 0.0]]
    assert targets.target_weights.tolist() == [1.0]
    assert targets.keep_weights.tolist() == [0.0]


def test_per_value_prompts_share_the_weight_and_the_rest_is_kept():
    encoder = Recorder()
    targets = TextTargeter(encoder, TEMPLATES).targets_for(from_values(["lipstick", "pale skin"]), KEEPING)
    assert encoder.prompts[:2] == ["lipstick", "pale skin"]
    assert targets.target_weights[:3].tolist() == [0.5, 0.5, 0.0]
    assert targets.keep_weights.tolist() == [0.0, 0.0] + [1.0] * (len(targets.texts) - 2)
    assert len(encoder.prompts) == len(targets.texts)


def test_a_prompt_is_embedded_once():
    encoder = Recorder()
    targeter = TextTargeter(encoder, TEMPLATES)
    for _ in range(3):
        targeter.targets_for(from_values(["lipstick"]), KEEPING)
    assert len(encoder.prompts) == len(set(encoder.prompts))


def test_what_a_request_excludes_may_change():
    kept = set(unrequested(from_values(["no makeup", "blond hair"])))
    assert not kept & {"heavy makeup", "lipstick", "rosy cheeks", "no makeup", *ONTOLOGY.slots["hair color"]}
    assert {"pale skin", "bangs", "smiling"} <= kept


def test_an_empty_state_is_refused():
    with pytest.raises(NothingToEdit):
        TextTargeter(Recorder(), TEMPLATES).targets_for(EMPTY, PAPER)
