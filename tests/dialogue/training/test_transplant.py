import random

import pytest
import torch
from chatedit.dialogue.training.inherit import Pairs, distillation_loss, load_teacher, student_config
from chatedit.dialogue.training.transplant import transplant
from chatedit.dialogue.training.vocabulary import build_tokenizer, printable_vocabulary
from tiny_models import save_tiny_teacher, teacher_tokenizer
from transformers import T5ForConditionalGeneration

torch.set_num_threads(1)
WORDS = sorted(token for token in teacher_tokenizer().get_vocab() if token.isalpha() and len(token) > 2)


def texts(seed: int, count: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(4, 12))) for _ in range(count)]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    save_tiny_teacher(folder)
    teacher, tokenizer = load_teacher(folder)
    kept = printable_vocabulary(tokenizer)
    own = build_tokenizer(tokenizer, kept)
    torch.manual_seed(0)
    student = T5ForConditionalGeneration(student_config(teacher, len(own), 1)).eval()
    pairs = Pairs(tokenizer, own, 32)
    return teacher, student, kept, pairs


def test_the_fitted_encoder_computes_nearly_what_the_teacher_computes_on_unseen_texts(parts):
    teacher, student, kept, pairs = parts
    unseen = pairs.batch(texts(1, 64))
    before = distillation_loss(teacher, student, unseen).item()
    transplant(teacher, student, kept, [pairs.batch(texts(seed, 64)) for seed in range(2, 12)])
    after = distillation_loss(teacher, student, unseen).item()
    assert before > 0.5
    assert after < before / 4


def test_the_teacher_is_left_alone(parts):
    teacher, student, kept, pairs = parts
    weights = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    transplant(teacher, student, kept, [pairs.batch(texts(3, 64))])
    assert all(torch.equal(tensor, weights[name]) for name, tensor in teacher.state_dict().items())
