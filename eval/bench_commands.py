"""Commands that measure speed: `chatedit bench dialogue | step | serving`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ..editing.terminal import told

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
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    together: Annotated[
        list[int] | None, typer.Option(min=1, help="Also time our step of so many edits; repeatable.")
    ] = None,
    compile_step: Annotated[bool, typer.Option("--compile", help="These with torch.compile.")] = False,
) -> None:
    """An optimiser step: the published loop beside ours, on the same random weights."""
    from ..editing.device import usable_device
    from .bench_step import compare, random_networks, report

    if compile_step and not together:
        raise typer.BadParameter("--compile is for the edits of --together")
    with told():
        networks = random_networks(size, usable_device(device))
    console.print(report(compare(networks, threads, together or (), compile_step)))


def serving(
    users: Annotated[int, typer.Option(min=1, help="How many use the service at once.")] = 8,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 5.0,
    dialogues: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="What they say, JSON Lines; a few of ours if absent."),
    ] = None,
    max_growth: Annotated[float, typer.Option(min=0.0, help="Growth of memory that is allowed, as a share.")] = 0.05,
    port: Annotated[int, typer.Option(help="Port of the service.")] = 8766,
) -> None:
    """Load on the service, on a Ray of its own with the real models; 1 on errors, lost turns, or growing memory."""
    from .load_serving import SCRIPTS, load_serving, report_lines, scripts_of

    typer.echo(f"{users} users for {minutes:g} minutes; the service starts and warms up first")
    report = load_serving(users, minutes, SCRIPTS if dialogues is None else scripts_of(dialogues), port, max_growth)
    for line in report_lines(report):
        typer.echo(line)
    if report.faults:
        raise typer.Exit(1)
