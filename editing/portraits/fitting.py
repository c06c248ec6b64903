"""One resumable loop for every training: a step is a function of its number, so going on equals never stopping."""

import ctypes
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

Losses = Mapping[str, float]


class Stateful(Protocol):
    """A module, an optimiser or an average of weights."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state_dict: Any, /) -> Any: ...


class Trainer(Protocol):
    """What a part of the pack brings along."""

    name: str

    def state(self) -> Mapping[str, Stateful]:
        """Everything that a checkpoint must hold."""
        ...

    def step(self, index: int, total: int) -> Losses:
        """Train on batch `index` of `total`; draws random numbers from `index` only."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to train: up to `steps` in total, and for at most `minutes` in this call."""

    steps: int
    minutes: float = float("inf")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands; `losses` are those of the last step."""

    step: int
    total: int
    losses: Losses


SAVE_EVERY_S, LOG_EVERY = 60.0, 25


def fit(
    trainer: Trainer, out_dir: Path, budget: Budget, report: Callable[[Progress], None] = lambda progress: None
) -> int:
    """Train until the budget is spent; returns the number of steps done so far, earlier calls included.

    Writes `<name>.pt` (checkpoint, at least once a minute) and `<name>.jsonl` (losses) into `out_dir`.
    """
    keep_freed_memory()
    out_dir.mkdir(parents=True, exist_ok=True)
    checkpoint = out_dir / f"{trainer.name}.pt"
    done = restore(trainer, checkpoint) if checkpoint.exists() else 0
    started = saved = time.monotonic()
    with (out_dir / f"{trainer.name}.jsonl").open("a", encoding="utf-8") as log:
        while done < budget.steps and time.monotonic() - started < 60.0 * budget.minutes:
            losses = trainer.step(done, budget.steps)
            done += 1
            if done % LOG_EVERY == 0 or done == budget.steps:
                report(Progress(done, budget.steps, losses))
                seconds = round(time.monotonic() - started, 1)
                log.write(
                    json.dumps({"step": done, "s": seconds, **{k: round(v, 5) for k, v in losses.items()}}) + "\n"
                )
                log.flush()
            if time.monotonic() - saved > SAVE_EVERY_S:
                save(trainer, checkpoint, done)
                saved = time.monotonic()
    save(trainer, checkpoint, done)
    return done


def save(trainer: Trainer, checkpoint: Path, step: int) -> None:
    """Write a checkpoint so that a crash leaves the old or the new one, never half of one."""
    states = {name: part.state_dict() for name, part in trainer.state().items()}
    partial = checkpoint.with_suffix(".partial")
    torch.save({"step": step, "states": states}, partial)
    partial.replace(checkpoint)


def restore(trainer: Trainer, checkpoint: Path) -> int:
    """Load a checkpoint into the trainer; returns its number of steps."""
    saved = torch.load(checkpoint, weights_only=True)
    for name, part in trainer.state().items():
        part.load_state_dict(saved["states"][name])
    return saved["step"]


def keep_freed_memory() -> None:
    """Ask glibc to keep large blocks: giving them back costs page faults at every activation (twice the time)."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        m_trim_threshold, m_top_pad, m_mmap_threshold = -1, -2, -3
        libc.mallopt(m_mmap_threshold, 32 << 20)
        libc.mallopt(m_trim_threshold, 2**31 - 1)
        libc.mallopt(m_top_pad, 256 << 20)
