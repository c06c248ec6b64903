from itertools import cycle, islice

import pytest
import torch
from chatedit.dialogue.ontology import ONTOLOGY
from chatedit.dialogue.training.auxiliary import IGNORED
from chatedit.dialogue.training.examples import ADD, NOTHING, Example
from chatedit.dialogue.training.teacher import TeacherConfig, load_taught, sample_of, teach, turn_accuracy
from chatedit.dialogue.training.vocabulary import printable_vocabulary, pruned_vocabulary
from tiny_models import SENTENCES, teacher_tokenizer, tiny_teacher

torch.set_num_threads(1)


def example(sentence, *added):
    labels = tuple(int(value in added) for value in ONTOLOGY.values)
    return Example("state", "translate:", sentence, "", (*labels, IGNORED))


def question(sentence, value, answer):
    return Example("question", f"answer: {value}?", sentence, "", (*(IGNORED for _ in ONTOLOGY.values), answer))


TURNS = [example(SENTENCES[0], "smiling"), example(SENTENCES[1], "bangs"), *map(example, SENTENCES[2:])]
QUESTIONS = [question(SENTENCES[0], "happy", ADD), question(SENTENCES[0], "bangs", NOTHING)]
EXAMPLES = [*TURNS, *QUESTIONS]


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    out = tmp_path_factory.mktemp("teacher")
    teacher, vocabulary = tiny_teacher()
    before = turn_accuracy(teacher, vocabulary, TURNS)
    config = TeacherConfig(max_steps=120, learning_rate=3e-3, head_rate=1e-2, warmup_steps=5)
    result = teach(teacher, vocabulary, lambda step: islice(cycle([EXAMPLES]), None), config, out, EXAMPLES)
    return before, result, out


def test_a_teacher_learns_what_turns_do_to_values(taught):
    before, result, _ = taught
    assert before < 1
    assert result["turn_accuracy"] == 1
    assert result["question_accuracy"] == 1


def test_a_saved_teacher_knows_what_it_knew(taught):
    _, result, out = taught
    teacher, vocabulary = load_taught(out)
    assert turn_accuracy(teacher, vocabulary, TURNS) == result["turn_accuracy"]


def test_padding_does_not_change_what_a_teacher_says(taught):
    teacher, vocabulary = load_taught(taught[2])
    together = sample_of(vocabulary, EXAMPLES)
    alone = sample_of(vocabulary, EXAMPLES[:1])
    assert torch.allclose(teacher(together.ids, together.mask)[0], teacher(alone.ids, alone.mask)[0], atol=1e-5)


def test_pruning_keeps_what_the_domain_needs():
    teacher = teacher_tokenizer()
    kept = set(pruned_vocabulary(teacher, [], ["goatee bangs"]))
    assert {teacher.token_to_id("goatee"), teacher.token_to_id("bangs")} <= kept
    assert kept <= set(printable_vocabulary(teacher))
