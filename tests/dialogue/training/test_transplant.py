import random

import pytest
import torch
from chatedit.dialogue.training.inherit import distillation_loss, student_config
from chatedit.dialogue.training.transplant import Sample, transplant
from tiny_models import tiny_teacher
from transformers import T5ForConditionalGeneration

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def parts():
    teacher, vocabulary = tiny_teacher()
    torch.manual_seed(0)
    student = T5ForConditionalGeneration(student_config(teacher.bert, 1)).eval()
    words = [index for token, index in vocabulary.get_vocab().items() if token.isalpha()]
    return teacher.bert.eval(), student, sorted(words)


def sample(words, seed):
    rng = random.Random(seed)
    ids = torch.zeros(64, 12, dtype=torch.long)
    for row in ids:
        length = rng.randint(4, 12)
        row[:length] = torch.tensor(rng.choices(words, k=length))
    return Sample(ids, ids.ne(0).long())


def test_the_fitted_encoder_computes_nearly_what_the_teacher_computes_on_unseen_texts(parts):
    bert, student, words = parts
    unseen = sample(words, 1)
    before = distillation_loss(bert, student, unseen).item()
    transplant(bert, student, [sample(words, seed) for seed in range(2, 12)])
    after = distillation_loss(bert, student, unseen).item()
    assert before > 0.5
    assert after < before / 4


def test_the_teacher_is_left_alone(parts):
    bert, student, words = parts
    weights = {name: tensor.clone() for name, tensor in bert.state_dict().items()}
    transplant(bert, student, [sample(words, 3)])
    assert all(torch.equal(tensor, weights[name]) for name, tensor in bert.state_dict().items())
