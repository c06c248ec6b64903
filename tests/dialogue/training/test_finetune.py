from itertools import cycle, islice

import pytest
import torch
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.dialogue_file import Dialogue, Turn
from chatedit.dialogue.formats import PAPER_PROMPTS
from chatedit.dialogue.training.auxiliary import HEADS
from chatedit.dialogue.training.examples import Example
from chatedit.dialogue.training.finetune import TrainConfig, dialogue_stream, train
from tiny_models import SENTENCES, tiny_t5, tiny_tokenizer

torch.set_num_threads(1)
TARGETS = ["add smiling", "add bangs", "nothing", "nothing"]
LABELS = (1, *(0,) * (HEADS - 1))
EXAMPLES = [Example("state", "translate:", s, t, LABELS) for s, t in zip(SENTENCES, TARGETS, strict=True)]
BATCHES = [EXAMPLES, EXAMPLES[:2], EXAMPLES[1:], EXAMPLES[::2]]


class Stopped(Exception):
    """The process is killed."""


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def config(**changes):
    defaults = {
        "learning_rate": 3e-3,
        "encoder_learning_rate": 3e-3,
        "warmup_steps": 2,
        "auxiliary": 0.1,
        "checkpoint_every_s": 1e9,
        "validate_every_s": 1e9,
        "patience": 0,
    }
    return TrainConfig(**{**defaults, **changes})


def stream(num_steps):
    """The same batch at the same step, wherever a run starts."""
    return lambda share, run: islice(cycle(BATCHES), run.step, num_steps)


def run(tokenizer, folder, num_steps, stop_at=None, validate=lambda model: 1.0, **changes):
    model = tiny_t5(tokenizer)

    def on_step(step, share):
        if step == stop_at:
            raise Stopped

    return model, train(model, tokenizer, stream(num_steps), config(**changes), folder, validate, on_step)


def test_a_few_steps_lower_the_loss(tokenizer, tmp_path):
    def loss(model):
        ids = tokenizer([e.body for e in EXAMPLES], padding=True, return_tensors="pt")
        targets = tokenizer(TARGETS, padding=True, return_tensors="pt").input_ids
        with torch.no_grad():
            return float(model(input_ids=ids.input_ids, attention_mask=ids.attention_mask, labels=targets).loss)

    before = loss(tiny_t5(tokenizer).eval())
    model, result = run(tokenizer, tmp_path, 30)
    assert result["steps"] == 30
    assert loss(model) < 0.7 * before


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tokenizer, tmp_path):
    whole, _ = run(tokenizer, tmp_path / "whole", 6)
    with pytest.raises(Stopped):
        run(tokenizer, tmp_path / "stopped", 6, stop_at=4, checkpoint_every_s=0.0)
    resumed, result = run(tokenizer, tmp_path / "stopped", 6)
    assert result["steps"] == 6
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


def test_the_encoder_stands_still_until_its_delay_is_over(tokenizer, tmp_path):
    before = tiny_t5(tokenizer).encoder.state_dict()

    def moved(steps, delay):
        model, _ = run(tokenizer, tmp_path / f"{steps}", steps, encoder_delay_steps=delay)
        after = model.encoder.state_dict()
        return {
            part
            for part in ("SelfAttention.q", "DenseReluDense.wo")
            for n in before
            if part in n and not torch.equal(before[n], after[n])
        }

    assert moved(3, 3) == set()
    assert moved(4, 3) == {"SelfAttention.q", "DenseReluDense.wo"}


def test_the_best_weights_by_validation_are_kept_and_not_the_last(tokenizer, tmp_path):
    seen = []

    def validate(model):
        seen.append(model.lm_head.weight.detach().clone())
        return {1: 0.2, 2: 0.9}.get(len(seen), 0.1)

    model, result = run(tokenizer, tmp_path, 5, validate=validate, validate_every_s=0.0)
    assert result["best_validation"] == 0.9
    assert result["last_validation"] == 0.1
    assert torch.equal(model.lm_head.weight, seen[1])


def test_patience_ends_a_training_that_no_longer_gets_better(tokenizer, tmp_path):
    _, result = run(tokenizer, tmp_path, 40, validate=lambda model: 0.5, validate_every_s=0.0, patience=3)
    assert result["steps"] == 4


def test_the_log_is_json_lines(tokenizer, tmp_path):
    import json

    run(tokenizer, tmp_path, 26)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert entries[0]["step"] == 25
    assert entries[0]["loss"] > 0
    assert entries[-1]["validation"] == 1.0


def test_finished_passes_over_the_data_are_counted_across_runs(tokenizer, tmp_path):
    dialogues = [Dialogue("1", "", (), (Turn(text, from_values(["bangs"])),)) for text in SENTENCES]

    def steps(epochs):
        settings = config(epochs=epochs, batch_size=2)
        stream = dialogue_stream(dialogues, [], PAPER_PROMPTS, settings)
        return train(tiny_t5(tokenizer), tokenizer, stream, settings, tmp_path, lambda model: 1.0)["steps"]

    assert steps(2) == 4
    assert steps(2) == 4
    assert steps(3) == 6
