"""Commands that measure speed: `chatedit bench dialogue | step`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

console = Console()
Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]


def dialogue(
    data: Annotated[Path, typer.Option(exists=True, help="Annotated dialogues, JSON Lines.")],
    turns: Annotated[int, typer.Option(min=20, help="Turns to time.")] = 60,
    threads: Threads = 2,
    with_small: Annotated[bool, typer.Option(help="Also time a T5-small-sized model.")] = True,
) -> None:
    """Track and respond for one turn: the shipped engine beside plain Hugging Face generate, in one run."""
    from ..dialogue.dialogue_file import read_dialogues
    from .bench_dialogue import bench_dialogue

    with console.status("timing turns"):
        timings = bench_dialogue(read_dialogues(data), turns, threads, with_small)
    table = Table("model", "engine", "p50 ms", "p95 ms", "times faster")
    slow = {timing.name: timing.p50_ms for timing in timings if timing.engine == "torch"}
    for timing in timings:
        ratio = f"{slow[timing.name] / timing.p50_ms:.1f}"
        table.add_row(timing.name, timing.engine, f"{timing.p50_ms:.0f}", f"{timing.p95_ms:.0f}", ratio)
    console.print(table)


def step(
    size: Annotated[int, typer.Option(help="Image size in pixels.")] = 1024,
    threads: Threads = 2,
) -> None:
    """An optimiser step: the published loop beside ours, on the same random weights."""
    from .bench_step import compare, report

    console.print(report(compare(size, threads)))
