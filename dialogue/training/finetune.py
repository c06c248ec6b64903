"""Train the dialogue model on annotated dialogues, both tasks at once (paper, eq. 3 and section 5.1); resumable."""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportIndexIssue=false, reportReturnType=false, reportOptionalCall=false

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, T5ForConditionalGeneration

from ..dialogue_file import Dialogue
from ..encoding import MAX_INPUT_TOKENS, input_ids, pad
from ..formats import Prompts
from . import checkpoint
from .auxiliary import IGNORED, ValueHead
from .examples import KNOWN, Example, Mixture, batches, examples, values_of
from .rates import relative_rates, same_rate


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Settings of one training.

    Attributes:
        learning_rate: of decoder, new rows and auxiliary head.
        encoder_learning_rate: of what the encoder inherited; gentler, so that it forgets less.
        encoder_delay_steps: steps in which the encoder stands still, until the decoder can read it and pushes it the
            right way.
        distance_rate: of the attentions' distance biases, whose entries are some units large.
        has_relative_rates: whether a matrix learns in proportion to its size (`rates.relative_rates`).
        auxiliary: weight of the encoder's own loss per value, 0 for none.
        curriculum: share of the time in which requests are shown mostly alone, without the dialogue around them.
        minutes: wall-clock bound of all runs together; `epochs` bounds the passes over the data.
        frozen_layers: encoder layers, from the bottom, that keep what they inherited, as do all word embeddings; -1
            freezes nothing. Frozen layers cost no gradient either.
        patience: validations without a better joint accuracy before the training stops; 0 never stops early.
    """

    learning_rate: float = 5e-5
    encoder_learning_rate: float = 5e-5
    encoder_delay_steps: int = 0
    distance_rate: float = 5e-5
    has_relative_rates: bool = False
    batch_size: int = 64
    warmup_steps: int = 100
    weight_decay: float = 0.0
    auxiliary: float = 0.0
    curriculum: float = 0.0
    minutes: float = 600.0
    epochs: int = 10
    validate_every_s: float = 600.0
    checkpoint_every_s: float = 240.0
    patience: int = 4
    frozen_layers: int = -1
    dropout: float = 0.1
    mixture: Mixture = field(default_factory=Mixture)
    seed: int = 0


PAPER = TrainConfig(mixture=Mixture(state_format="history", response=1.0))
"""Section 5.1: Adam, 5e-5, batch 64, tracking and response together."""

EMBEDDED = TrainConfig(
    learning_rate=1e-3,
    encoder_learning_rate=4e-5,  # fitted matrices nearly cancel each other: at 1.5e-4 the encoder forgets
    encoder_delay_steps=100,
    distance_rate=1e-3,
    has_relative_rates=True,
    batch_size=32,
    warmup_steps=60,
    auxiliary=0.5,
    curriculum=0.0,
    minutes=100.0,
    epochs=1000,
    validate_every_s=900.0,
    patience=0,
    frozen_layers=2,
    dropout=0.0,  # hardly an example is seen twice; on a CPU dropout costs a seventh of a step
    mixture=Mixture(state_format="picks", response=0.05, question=0.25),
)


class Bundle(nn.Module):
    """Model and auxiliary head in one module, so that one checkpoint holds both."""

    def __init__(self, model: T5ForConditionalGeneration) -> None:
        super().__init__()
        self.model = model
        self.head = ValueHead(model.config.d_model)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step: ids and mask [B, T], targets [B, U] (-100 ignored), labels [S, HEADS] of rows `states`."""

    ids: Tensor
    mask: Tensor
    targets: Tensor
    states: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


def collate(tokenizer: PreTrainedTokenizerBase, chosen: Sequence[Example], max_tokens: int = MAX_INPUT_TOKENS) -> Batch:
    """Examples as padded tensors."""
    ids = pad(input_ids(tokenizer, [(e.prefix, e.body) for e in chosen], max_tokens), tokenizer.pad_token_id)
    targets = pad(tokenizer([e.target for e in chosen], max_length=128, truncation=True).input_ids, IGNORED)
    rows = [index for index, example in enumerate(chosen) if example.labels]
    labels = torch.tensor([chosen[index].labels for index in rows], dtype=torch.long)
    return Batch(ids, (ids != tokenizer.pad_token_id).long(), targets, torch.tensor(rows, dtype=torch.long), labels)


def losses(bundle: Bundle, batch: Batch) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the targets (eq. 3, mean over tokens) and the auxiliary loss, both scalars."""
    words = bundle.model.shared(batch.ids)
    if not bundle.model.encoder.block[0].layer[0].SelfAttention.q.weight.requires_grad:
        words = words.detach()  # no gradient through frozen layers
    output = bundle.model(inputs_embeds=words, attention_mask=batch.mask, labels=batch.targets)
    if not len(batch.states):
        return output.loss, output.loss.new_zeros(())
    states = output.encoder_last_hidden_state[batch.states]
    return output.loss, bundle.head.loss(states, batch.mask[batch.states], batch.labels)


Stream = Callable[[Callable[[], float], checkpoint.Run], Iterator[list[Example]]]
"""From the share of time used so far, and the run, whose finished passes it counts, to batches of examples."""


@torch.no_grad()
def mean_loss(
    model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, chosen: Sequence[Example]
) -> float:
    """Mean loss of the targets (eq. 3) over examples, in nats a token."""
    device = model.shared.weight.device
    bundle = Bundle(model)
    parts = [chosen[i : i + 32] for i in range(0, len(chosen), 32)]
    return sum(float(losses(bundle, collate(tokenizer, part).to(device))[0]) for part in parts) / len(parts)


def train(
    model: T5ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    stream: Stream,
    config: TrainConfig,
    run_folder: Path,
    validate: Callable[[T5ForConditionalGeneration], float],
    on_step: Callable[[int, float], None] = lambda step, share: None,
    head: Mapping[str, Tensor] | None = None,
    what: Mapping[str, Any] | None = None,
) -> dict[str, float]:
    """Train until time, epochs or patience end; the best weights by `validate` are left in `model`.

    Args:
        validate: joint accuracy, in [0, 1], of the model on validation dialogues.
        on_step: called with the step and the share of the time used.
        head: weights of the auxiliary head to start from (`teacher`); random ones where None.
        what: tells this training from others (`checkpoint.Run.open`).
    Returns:
        `steps`, `seconds`, `best_validation`, `last_validation`.
    Raises:
        OtherRun: `run_folder` holds another training.
        NothingToLearn: there is no example.
    """
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    bundle = Bundle(model).to(device)
    if head is not None:
        bundle.head.load_state_dict(head)
    _freeze(model, config.frozen_layers)
    _set_dropout(model, config.dropout)
    optimiser = _optimiser(bundle, config)
    run = checkpoint.Run.open(run_folder, bundle, optimiser, what)
    state = run.extra or {"best": float("-inf"), "last": float("-inf"), "stale": 0}
    best_path = run_folder / "best.pt"
    words = _words(tokenizer, model).to(device)

    def share() -> float:
        return min(1.0, run.seconds / (60 * config.minutes))

    model.train()
    last_validation_s = run.seconds
    batch_stream = stream(share, run)
    is_over = False
    while not is_over:
        started = time.monotonic()
        chosen = next(batch_stream, None)
        if chosen is not None:
            _set_rates(optimiser, config, run.step, share())
            loss, auxiliary = _step(bundle, collate(tokenizer, chosen).to(device), optimiser, config, words)
            run.advance(time.monotonic() - started)
            on_step(run.step, share())
            if run.step % 25 == 0:
                run.log(
                    step=run.step,
                    seconds=round(run.seconds),
                    loss=loss.item(),
                    auxiliary=auxiliary.item(),
                )
        is_over = chosen is None or share() >= 1.0
        is_new = run.seconds > last_validation_s
        if is_new and (is_over or run.seconds - last_validation_s >= config.validate_every_s):
            last_validation_s = run.seconds
            state = _validated(bundle, validate, state, best_path)
            run.extra = state
            run.log(step=run.step, seconds=round(run.seconds), validation=state["last"])
            is_over = is_over or bool(config.patience and state["stale"] >= config.patience)
        if is_over or run.due(config.checkpoint_every_s):
            run.save()
    if best_path.exists():
        model.load_state_dict(torch.load(best_path, weights_only=True))
    model.eval()
    best, last = state["best"], state["last"]
    return {"steps": run.step, "seconds": run.seconds, "best_validation": best, "last_validation": last}


def _step(
    bundle: Bundle, batch: Batch, optimiser: torch.optim.Optimizer, config: TrainConfig, words: Tensor
) -> tuple[Tensor, Tensor]:
    """One update; both losses, detached. bf16 where the device computes in it.

    Args:
        words: mask [V] of the vocabulary's plain words.
    """
    device = batch.ids.device
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bf16(device)):
        loss, auxiliary = losses(bundle, batch)
    optimiser.zero_grad(set_to_none=True)
    (loss + config.auxiliary * auxiliary).backward()
    rows = bundle.model.shared.weight
    if config.frozen_layers >= 0 and rows.grad is not None:
        rows.grad[words] = 0  # words keep their places; special tokens learn theirs
    nn.utils.clip_grad_norm_(bundle.parameters(), 1.0)
    optimiser.step()
    return loss.detach(), auxiliary.detach()


def _words(tokenizer: PreTrainedTokenizerBase, model: T5ForConditionalGeneration) -> Tensor:
    """Mask [V] of the tokens that are not special."""
    mask = torch.ones(model.config.vocab_size, dtype=torch.bool)
    mask[list(tokenizer.get_added_vocab().values())] = False
    return mask


def has_bf16(device: torch.device) -> bool:
    """Whether the device has bf16 arithmetic; on others it would only be slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def _validated(
    bundle: Bundle, validate: Callable[[T5ForConditionalGeneration], float], state: dict[str, float], best_path: Path
) -> dict[str, float]:
    bundle.model.eval()
    accuracy = validate(bundle.model)
    bundle.model.train()
    if accuracy <= state["best"]:
        return {**state, "last": accuracy, "stale": state["stale"] + 1}
    torch.save(bundle.model.state_dict(), best_path)
    return {"best": accuracy, "last": accuracy, "stale": 0}


def _optimiser(bundle: Bundle, config: TrainConfig) -> torch.optim.Optimizer:
    shared = bundle.model.shared.weight
    distances = [p for name, p in bundle.model.named_parameters() if "relative_attention_bias" in name]
    encoder = [p for p in bundle.model.encoder.parameters() if p is not shared]
    known = {id(p) for p in [*distances, *encoder, shared]}
    inherited = [p for p in encoder if p.requires_grad and p is not distances[0]]
    own = [p for p in bundle.model.parameters() if id(p) not in known]
    rates = relative_rates if config.has_relative_rates else same_rate
    return torch.optim.AdamW(
        [
            *(
                {**group, "delay": config.encoder_delay_steps}
                for group in rates(inherited, config.encoder_learning_rate)
            ),
            *rates(own, config.learning_rate),
            *same_rate([shared, *bundle.head.parameters()], config.learning_rate),
            *same_rate(distances, config.distance_rate),
        ],
        weight_decay=config.weight_decay,
        betas=(0.9, 0.98),
        fused=True,
    )


def _freeze(model: T5ForConditionalGeneration, layers: int) -> None:
    """Let the first encoder layers keep what they inherited (0 freezes word embeddings only, -1 nothing)."""
    for block in list(model.encoder.block)[: max(layers, 0)]:
        block.requires_grad_(False)


def _set_dropout(model: nn.Module, probability: float) -> None:
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = probability
        elif isinstance(getattr(module, "dropout", None), float):  # attention
            module.dropout = probability


def _set_rates(optimiser: torch.optim.Optimizer, config: TrainConfig, step: int, share: float) -> None:
    """Linear warm-up, after the group's delay; where the time is the bound, linear decay over its second half."""
    decay = min(1.0, 2 * (1 - share) + 0.02) if config.minutes < 600 else 1.0
    for group in optimiser.param_groups:
        steps = max(0, step + 1 - group.get("delay", 0))
        group["lr"] = group["peak"] * min(1.0, steps / config.warmup_steps) * decay


def dialogue_stream(
    dialogues: Sequence[Dialogue], open_dialogues: Sequence[Dialogue], prompts: Prompts, config: TrainConfig
) -> Stream:
    """Batches from dialogues, for `config.epochs` passes, some at a time; a resumed run draws its pass afresh.

    Args:
        open_dialogues: dialogues with values outside the ontology, for the question format.
    """

    def stream(share: Callable[[], float], run: checkpoint.Run) -> Iterator[list[Example]]:
        rng = random.Random(f"{config.seed}/{run.step}")
        while run.epochs < config.epochs:
            order = rng.sample(range(len(dialogues)), len(dialogues))
            for start in range(0, len(order), _PART):
                is_early = share() < config.curriculum
                part = [dialogues[i] for i in order[start : start + _PART]]
                pool = _pool(part, open_dialogues, prompts, config.mixture, is_early, rng)
                for chosen in batches(pool, config.batch_size, rng):
                    yield chosen
                    if is_early and share() >= config.curriculum:
                        break
            run.epochs += 1

    return stream


_PART = 1_200  # dialogues whose examples are shuffled together


def _pool(
    dialogues: Sequence[Dialogue],
    open_dialogues: Sequence[Dialogue],
    prompts: Prompts,
    mixture: Mixture,
    is_early: bool,
    rng: random.Random,
) -> list[Example]:
    """Examples of one part; early ones are mostly single requests: short inputs, many phrasings a minute."""
    if is_early:
        pool = list(examples(dialogues, prompts, replace(mixture, alone=0.85, response=0.03), rng))
        return [e for e in pool if len(e.body) + len(e.prefix) < 240 or rng.random() < 0.3]
    doubted = [*KNOWN, *values_of(open_dialogues)]
    sample = rng.sample(open_dialogues, min(len(open_dialogues), len(dialogues) // 8))
    asked = replace(mixture, response=0.0, question=1.0)
    return [*examples(dialogues, prompts, mixture, rng, doubted), *examples(sample, prompts, asked, rng, doubted)]
