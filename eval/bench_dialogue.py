"""How long one turn takes: the shipped engine beside plain Hugging Face generate, in one run (timings are noisy)."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import T5Config, T5ForConditionalGeneration

from ..dialogue.contexts import context_at
from ..dialogue.dialogue_file import Dialogue
from ..dialogue.formats import Context
from ..dialogue.t5 import (
    DEFAULT_CACHE,
    EMBEDDED,
    MAX_OUTPUT_TOKENS,
    Engine,
    T5DialogueModel,
    T5Settings,
    load_dialogue_model,
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Latency of decoding track and respond together, for one turn of one dialogue, in milliseconds."""

    name: str
    engine: str
    p50_ms: float
    p95_ms: float


def bench_dialogue(dialogues: Sequence[Dialogue], num_turns: int, threads: int, with_small: bool) -> list[Timing]:
    """Timings of the embedded model, and of a T5-small-sized one with random weights, by both engines.

    Greedy decoding: both tasks of the turn in one padded batch. Random weights never stop early, so the T5-small
    rows are an upper bound.
    """
    contexts = _contexts(dialogues, num_turns)
    torch.set_num_threads(threads)
    timings = _both("embedded", EMBEDDED, contexts, threads, DEFAULT_CACHE)
    if with_small:
        with tempfile.TemporaryDirectory() as scratch:
            small = _random_small(Path(scratch) / "small")
            timings += _both("T5-small-sized", small, contexts, threads, Path(scratch) / "cache")
    return timings


def time_turns(name: str, engine: Engine, model: T5DialogueModel, contexts: Sequence[Context]) -> Timing:
    """Latency of the decoder that tracks and responds, a turn at a time.

    Nothing else is in it: where the text of random weights cannot be read, the model would take its constrained step,
    which is the reference engine's whatever `engine` is.
    """
    rows = [model.turn_rows([context]) for context in contexts]
    for turn in rows[:3]:
        model.decoder.decode(turn, MAX_OUTPUT_TOKENS)
    elapsed_ms = []
    for turn in rows:
        started = time.perf_counter()
        model.decoder.decode(turn, MAX_OUTPUT_TOKENS)
        elapsed_ms.append(1_000 * (time.perf_counter() - started))
    cuts = statistics.quantiles(elapsed_ms, n=20)
    return Timing(name, engine, statistics.median(elapsed_ms), cuts[18])


def _both(name: str, folder: Path, contexts: Sequence[Context], threads: int, cache: Path) -> list[Timing]:
    engines: tuple[Engine, ...] = ("ctranslate2", "torch")
    return [time_turns(name, e, load_dialogue_model(folder, e, cache, threads), contexts) for e in engines]


def _contexts(dialogues: Sequence[Dialogue], count: int) -> list[Context]:
    found = []
    for dialogue in dialogues:
        states = [turn.state or {} for turn in dialogue.turns]
        systems = [turn.system or "" for turn in dialogue.turns]
        found += [context_at(dialogue, i, states, systems) for i in range(len(dialogue.turns))]
    return found[:count]


def _random_small(folder: Path) -> Path:
    """A T5 of the paper's small size (Table 7), random weights, the embedded tokenizer and settings."""
    tokenizer_files = ("tokenizer.json", "tokenizer_config.json")
    config = T5Config(
        vocab_size=32_128,
        d_model=512,
        d_kv=64,
        d_ff=2048,
        num_layers=6,
        num_heads=8,
        pad_token_id=0,
        eos_token_id=1,
    )
    config.decoder_start_token_id = 0  # pyright: ignore[reportAttributeAccessIssue]
    torch.manual_seed(0)
    T5ForConditionalGeneration(config).save_pretrained(folder)
    for name in tokenizer_files:
        (folder / name).write_bytes((EMBEDDED / name).read_bytes())
    T5Settings.load(EMBEDDED).save(folder)
    return folder
