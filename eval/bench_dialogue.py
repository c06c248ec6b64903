"""How long one turn takes: the shipped engine beside plain Hugging Face generate, in one run (timings are noisy)."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import T5Config, T5ForConditionalGeneration

from ..dialogue.contexts import context_at
from ..dialogue.dialogue_file import Dialogue
from ..dialogue.formats import Context
from ..dialogue.t5 import DEFAULT_CACHE, EMBEDDED, T5DialogueModel, T5Settings, load_dialogue_model


@dataclass(frozen=True, slots=True)
class Timing:
    """Latency of track and respond together, for one turn of one dialogue, in milliseconds."""

    name: str
    engine: str
    p50_ms: float
    p95_ms: float


def bench_dialogue(dialogues: Sequence[Dialogue], num_turns: int, threads: int, with_small: bool) -> list[Timing]:
    """Timings of the embedded model, and of a T5-small-sized one with random weights, by both engines.

    Greedy decoding: both tasks of the turn in one padded batch. Random weights never stop early, so the T5-small
    rows are an upper bound.
    """
    turns = _turns(dialogues, num_turns)
    torch.set_num_threads(threads)
    timings = _both("embedded", EMBEDDED, turns, threads)
    if with_small:
        with tempfile.TemporaryDirectory() as folder:
            timings += _both("T5-small-sized", _random_small(Path(folder)), turns, threads)
    return timings


def _both(name: str, folder: Path, turns: list[tuple[Context, Sequence[str]]], threads: int) -> list[Timing]:
    timings = []
    for engine in ("ctranslate2", "torch"):
        model = load_dialogue_model(folder, engine, DEFAULT_CACHE, threads)
        timings.append(_timed(name, engine, model, turns))
    return timings


def _timed(name: str, engine: str, model: T5DialogueModel, turns: list[tuple[Context, Sequence[str]]]) -> Timing:
    run: Callable[[Context, Sequence[str]], object] = lambda c, a: model.turn([c], [a])  # noqa: E731
    for context, attributes in turns[:3]:
        run(context, attributes)
    elapsed_ms = []
    for context, attributes in turns:
        started = time.perf_counter()
        run(context, attributes)
        elapsed_ms.append(1_000 * (time.perf_counter() - started))
    cuts = statistics.quantiles(elapsed_ms, n=20)
    return Timing(name, engine, statistics.median(elapsed_ms), cuts[18])


def _turns(dialogues: Sequence[Dialogue], count: int) -> list[tuple[Context, Sequence[str]]]:
    found = []
    for dialogue in dialogues:
        states = [turn.state or {} for turn in dialogue.turns]
        systems = [turn.system or "" for turn in dialogue.turns]
        found += [(context_at(dialogue, i, states, systems), dialogue.attributes) for i in range(len(dialogue.turns))]
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
    T5ForConditionalGeneration(config).save_pretrained(folder)
    for name in tokenizer_files:
        (folder / name).write_bytes((EMBEDDED / name).read_bytes())
    T5Settings.load(EMBEDDED).save(folder)
    return folder
