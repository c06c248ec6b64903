import json
import random

import pytest
import torch
from chatedit.dialogue.training.inherit import InheritConfig, inherit
from chatedit.dialogue.training.vocabulary import printable_vocabulary, pruned_vocabulary
from tiny_models import SENTENCES, save_tiny_teacher, teacher_tokenizer
from transformers import AutoTokenizer, T5ForConditionalGeneration

torch.set_num_threads(1)
WORDS = sorted(token for token in teacher_tokenizer().get_vocab() if token.isalpha() and len(token) > 2)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    save_tiny_teacher(folder)
    return folder


@pytest.fixture(scope="module")
def corpora():
    rng = random.Random(0)
    return [(1.0, [" ".join(rng.choices(WORDS, k=rng.randint(4, 12))) for _ in range(300)])]


@pytest.fixture(scope="module")
def student(teacher, corpora, tmp_path_factory):
    out = tmp_path_factory.mktemp("student")
    config = InheritConfig(max_steps=60, warmup_steps=5, decoder_layers=1, learning_rate=1e-3, fitted_texts=300)
    return out, inherit(corpora, out, config, teacher)


def test_distillation_brings_the_student_nearer_to_its_teacher(student):
    out, result = student
    copied = json.loads((out / "log.jsonl").read_text().splitlines()[0])["held_out_distance"]
    assert result["steps"] > 0
    assert result["held_out_distance"] < copied


def test_the_student_is_a_t5_folder_with_its_tokenizer(student):
    out, _ = student
    model = T5ForConditionalGeneration.from_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(out)
    ids = tokenizer(SENTENCES, padding=True, return_tensors="pt")
    assert ids.input_ids[0, -1] in (tokenizer.eos_token_id, tokenizer.pad_token_id)
    states = model.encoder(input_ids=ids.input_ids, attention_mask=ids.attention_mask).last_hidden_state
    assert states.shape[-1] == 32
    assert torch.isfinite(states).all()
    assert tokenizer.tokenize("<sos_u> make her smile <eos_u>") == ["<sos_u>", "make", "her", "smile", "<eos_u>"]


def test_a_finished_run_is_not_trained_again(student, teacher, corpora):
    out, result = student
    again = inherit(corpora, out, InheritConfig(max_steps=60, decoder_layers=1), teacher)
    assert again["steps"] == result["steps"]
    assert again["held_out_distance"] == pytest.approx(result["held_out_distance"])


def test_pruning_keeps_what_the_domain_needs():
    teacher = teacher_tokenizer()
    kept = set(pruned_vocabulary(teacher, [], ["goatee bangs"]))
    assert {teacher.token_to_id("goatee"), teacher.token_to_id("bangs")} <= kept
    assert kept <= set(printable_vocabulary(teacher))
