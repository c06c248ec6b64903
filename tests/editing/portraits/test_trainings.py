"""A few steps lower each loss, and stopping half way changes nothing."""

import copy
import json
from pathlib import Path

import pytest
import torch
from chatedit.editing.portraits.attribute_net import FEATURE_WIDTHS, AttributeNet, AttributeTrainer
from chatedit.editing.portraits.clip import ClipTrainer, blank_unused_words, tokenize
from chatedit.editing.portraits.data import Renders
from chatedit.editing.portraits.encoder import EncoderTrainer
from chatedit.editing.portraits.fitting import Budget, Trainer, fit
from chatedit.editing.portraits.generator import GeneratorTrainer, Stage
from chatedit.editing.portraits.identity import IdentityTrainer
from chatedit.editing.portraits.outside import OutsideTrainer

SMALL_STAGES = (Stage(32, 6, 1e-2, 5e-3), Stage(64, 2, 5e-3, 1e-3))


def untrained_features() -> AttributeNet:
    torch.manual_seed(0)
    return AttributeNet(FEATURE_WIDTHS).eval().requires_grad_(False)


def make(name: str, renders: Renders) -> Trainer:
    match name:
        case "features":
            return AttributeTrainer("features", FEATURE_WIDTHS, renders, seed=1, batch=16)
        case "generator":
            return GeneratorTrainer(renders, untrained_features(), batch=4, stages=SMALL_STAGES)
        case "identity":
            return IdentityTrainer(renders, pairs=12)
        case "clip":
            return ClipTrainer(renders, batch=8)
        case "outside":
            return OutsideTrainer(batch=2)
    distilled = copy.deepcopy(GeneratorTrainer(renders, untrained_features(), batch=2).net).requires_grad_(False)
    return EncoderTrainer(renders, distilled, untrained_features(), batch=8)


PARTS = {
    "features": ("loss", 16),
    "generator": ("pixel", 6),
    "identity": ("loss", 12),
    "clip": ("sigmoid", 12),
    "outside": ("loss", 10),
    "encoder": ("error", 12),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_few_steps_lower_the_loss(name, renders):
    loss, steps = PARTS[name]
    trainer = make(name, renders)
    losses = [trainer.step(i, steps)[loss] for i in range(steps)]
    assert min(losses[-3:]) < losses[0]


@pytest.mark.parametrize("name", ["generator", "clip"])
def test_stopping_and_going_on_equals_never_stopping(name, renders, tmp_path):
    whole, first, second = (make(name, renders) for _ in range(3))
    for i in range(4):
        whole.step(i, 4)
    first.step(0, 4)
    first.step(1, 4)
    save_as(first, tmp_path, step=2)
    assert fit(second, tmp_path, Budget(steps=4)) == 4
    for key, value in whole.state()["net"].state_dict().items():
        assert torch.allclose(value.float(), second.state()["net"].state_dict()[key].float(), atol=1e-6), key


def save_as(trainer: Trainer, folder: Path, step: int) -> None:
    states = {key: part.state_dict() for key, part in trainer.state().items()}
    torch.save({"step": step, "states": states}, folder / f"{trainer.name}.pt")


def test_training_stops_after_its_minutes_and_logs_its_losses(renders, tmp_path):
    trainer = OutsideTrainer(batch=1)
    done = fit(trainer, tmp_path, Budget(steps=100_000, minutes=0.02))
    assert 0 < done < 100_000
    assert fit(trainer, tmp_path, Budget(steps=done)) == done
    fit(trainer, tmp_path, Budget(steps=done + 25))
    last = json.loads((tmp_path / "outside.jsonl").read_text().splitlines()[-1])
    assert last["step"] == done + 25
    assert last["loss"] > 0


def test_a_frozen_mapping_leaves_every_w_as_it_is(renders):
    trainer = GeneratorTrainer(
        renders, untrained_features(), batch=2, stages=(Stage(32, 3, 1e-2, 1e-3, trains_mapping=False),)
    )
    embeddings = torch.from_numpy(renders.embeddings[:4].copy())
    before = trainer.net.w_of(embeddings)
    for i in range(3):
        trainer.step(i, 3)
    assert torch.equal(trainer.net.w_of(embeddings), before)


def test_words_that_no_caption_uses_say_nothing(renders):
    net = ClipTrainer(renders, batch=2).net
    blank_unused_words(net)
    assert not net.token_embedding.weight[tokenize(["xylophone"])[0, 1]].any()
    assert net.token_embedding.weight[tokenize(["goatee"])[0, 1]].any()
