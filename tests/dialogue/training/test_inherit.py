import pytest
import torch
from chatedit.dialogue.training.examples import Example
from chatedit.dialogue.training.inherit import InheritConfig, inherit
from chatedit.dialogue.training.presets import load_head
from tiny_models import SENTENCES, tiny_teacher, tiny_texts
from transformers import AutoTokenizer, T5ForConditionalGeneration

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def teacher():
    teacher, vocabulary = tiny_teacher()
    return teacher.eval().requires_grad_(False), vocabulary


@pytest.fixture(scope="module")
def inputs():
    return [Example("state", "translate:", text, "") for text in tiny_texts(700)]


@pytest.fixture(scope="module")
def student(teacher, inputs, tmp_path_factory):
    out = tmp_path_factory.mktemp("student")
    config = InheritConfig(max_steps=60, warmup_steps=5, decoder_layers=1, learning_rate=3e-4, fitted_inputs=300)
    return out, inherit(*teacher, inputs, out, config)


def test_distillation_brings_the_student_nearer_to_its_teacher(student):
    _, result = student
    assert result["steps"] == 60
    assert result["held_out_distance"] < result["fitted_distance"] < 0.5
    assert result["held_out_divergence"] < result["fitted_divergence"]


def test_the_student_is_a_t5_folder_with_its_tokenizer_and_the_head(student, teacher):
    out, _ = student
    model = T5ForConditionalGeneration.from_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(out)
    ids = tokenizer(SENTENCES, padding=True, return_tensors="pt")
    states = model.encoder(input_ids=ids.input_ids, attention_mask=ids.attention_mask).last_hidden_state
    assert states.shape[-1] == 32
    assert torch.isfinite(states).all()
    assert tokenizer.tokenize("<sos_u> make her smile <eos_u>") == ["<sos_u>", "make", "her", "smile", "<eos_u>"]
    head = load_head(out)
    assert head is not None
    assert torch.equal(head["query"], teacher[0].head.query)


def test_a_finished_run_is_not_trained_again(student, teacher, inputs):
    out, result = student
    again = inherit(*teacher, inputs, out, InheritConfig(max_steps=60, decoder_layers=1, fitted_inputs=300))
    assert again["steps"] == result["steps"]
    assert again["held_out_distance"] == pytest.approx(result["held_out_distance"])
