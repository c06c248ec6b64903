"""Stage 2: a T5 inherits the encoder of the teacher: fitted in closed form, then distilled."""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportIndexIssue=false, reportReturnType=false

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import BertModel, PreTrainedTokenizerBase, T5Config, T5ForConditionalGeneration

from . import checkpoint
from .auxiliary import HEADS, IGNORED, ValueHead
from .descent import Bounds, descend
from .examples import Example
from .rates import relative_rates, same_rate
from .teacher import Teacher, sample_of, save_head
from .transplant import Sample, transplant

_HELD_OUT = 128  # inputs to measure on


@dataclass(frozen=True, slots=True)
class InheritConfig:
    """Constants of both halves. `minutes` and `max_steps` bound the distillation, all runs together."""

    minutes: float = 5.0
    max_steps: int = 1_000_000
    fitted_inputs: int = 1_200
    batch_size: int = 32
    learning_rate: float = 1.5e-4  # AdamW, of a matrix of usual size (`rates`)
    distance_rate: float = 1e-2  # of the attention's distance bias, whose entries are some units large
    divergence: float = 0.05  # weight of `head_divergence` beside the cosine distance
    warmup_steps: int = 40
    decoder_layers: int = 2
    seed: int = 0
    checkpoint_every_s: float = 120.0


def student_config(bert: BertModel, decoder_layers: int) -> T5Config:
    """T5 of the teacher's shape, with a shallow decoder: what it has to write is short."""
    shape = bert.config
    return T5Config(
        vocab_size=shape.vocab_size,
        d_model=shape.hidden_size,
        d_kv=shape.hidden_size // shape.num_attention_heads,
        d_ff=shape.intermediate_size,
        num_heads=shape.num_attention_heads,
        num_layers=shape.num_hidden_layers,
        num_decoder_layers=decoder_layers,
        feed_forward_proj="gelu",
        dropout_rate=0.0,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )


def distillation_loss(bert: BertModel, student: T5ForConditionalGeneration, sample: Sample) -> Tensor:
    """Mean cosine distance of the last hidden states over real tokens, in [0, 2]."""
    return _distance(*_both_states(bert, student, sample), sample)


def head_divergence(head: ValueHead, states: Tensor, target: Tensor, sample: Sample, is_asked: Tensor) -> Tensor:
    """KL divergence between the teacher's head over its own states and over the student's (both [B, T, D]), in nats
    summed over values where `is_asked` [B, HEADS]: differences count where the task needs the states to be alike."""
    told = head(target, sample.mask).log_softmax(-1)
    read = head(states, sample.mask).log_softmax(-1)
    return F.kl_div(read, told, reduction="none", log_target=True)[is_asked].sum() / len(sample.ids)


def _is_asked(chosen: Sequence[Example]) -> Tensor:
    """Mask [B, HEADS] of what the inputs say something about; all of it where examples have no labels."""
    return torch.tensor([example.labels or (0,) * HEADS for example in chosen]).ne(IGNORED)


def _both_states(bert: BertModel, student: T5ForConditionalGeneration, sample: Sample) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        target = bert(input_ids=sample.ids, attention_mask=sample.mask).last_hidden_state
    return student.encoder(input_ids=sample.ids, attention_mask=sample.mask).last_hidden_state, target


def _distance(states: Tensor, target: Tensor, sample: Sample) -> Tensor:
    cosine = torch.cosine_similarity(states, target, dim=-1)
    return 1 - (cosine * sample.mask).sum() / sample.mask.sum()


def inherit(
    teacher: Teacher,
    vocabulary: PreTrainedTokenizerBase,
    inputs: Sequence[Example],
    out: Path,
    config: InheritConfig,
    on_step: Callable[[int, float], None] = lambda step, share: None,
) -> dict[str, float]:
    """Fit and distil the teacher's encoder on `inputs` into `out`; resumes from `out/training.ckpt`.

    `out` gets the T5, its tokenizer and the teacher's head. Targets of the inputs are not used.

    Returns:
        `fitted_distance` and `held_out_distance`: mean cosine distance to the teacher before and after the
        distillation, on inputs used for neither; the same of `head_divergence`; `steps`, `seconds`.
    """
    torch.manual_seed(config.seed)
    order = random.Random(config.seed).sample(list(inputs), len(inputs))
    held_out = [(sample_of(vocabulary, part), _is_asked(part)) for part in _parts(order[:_HELD_OUT], 32)]
    fitted, order = order[_HELD_OUT : _HELD_OUT + config.fitted_inputs], order[_HELD_OUT:]
    student = T5ForConditionalGeneration(student_config(teacher.bert, config.decoder_layers))
    transplant(teacher.bert, student, [sample_of(vocabulary, part) for part in _parts(fitted, 32)])

    @torch.no_grad()
    def measured() -> tuple[float, float]:
        pairs = [_both_states(teacher.bert, student, sample) for sample, _ in held_out]
        given = [(states, *part) for states, part in zip(pairs, held_out, strict=True)]
        distances = [_distance(*states, sample) for states, sample, _ in given]
        divergences = [head_divergence(teacher.head, *states, sample, asked) for states, sample, asked in given]
        return float(torch.stack(distances).mean()), float(torch.stack(divergences).mean())

    fitted_distance, fitted_divergence = measured()
    student.shared.requires_grad_(False)  # words keep their places among each other
    bias = student.encoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight
    trained = [p for p in student.encoder.parameters() if p.requires_grad and p is not bias]
    groups = [*relative_rates(trained, config.learning_rate), *same_rate([bias], config.distance_rate)]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.0, fused=True)
    run = checkpoint.Run.open(out, student, optimiser)

    def losses(step: int) -> dict[str, Tensor]:
        drawn = random.Random(f"{config.seed}/{step}").sample(order, min(config.batch_size, len(order)))
        sample = sample_of(vocabulary, drawn)
        states, target = _both_states(teacher.bert, student, sample)
        divergence = head_divergence(teacher.head, states, target, sample, _is_asked(drawn))
        loss = _distance(states, target, sample) + config.divergence * divergence
        return {"loss": loss, "divergence": divergence}

    bounds = Bounds(config.minutes, config.max_steps, config.warmup_steps, config.checkpoint_every_s, 50)
    descend(run, losses, [*trained, bias], bounds, on_step)
    held_out_distance, held_out_divergence = measured()
    result = {
        "fitted_distance": fitted_distance,
        "held_out_distance": held_out_distance,
        "fitted_divergence": fitted_divergence,
        "held_out_divergence": held_out_divergence,
        "steps": run.step,
        "seconds": run.seconds,
    }
    run.log(**result)
    run.save()
    student.save_pretrained(out)
    vocabulary.save_pretrained(out)
    save_head(teacher, out)
    return result


def _parts(items: Sequence[Example], size: int) -> list[Sequence[Example]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
