"""`chatedit compare trackers`: any trackers over any annotated dialogues, in one report."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ..terminal import messages, read_annotated, read_open_dialogues, told

if TYPE_CHECKING:
    from ...dialogue.dialogue_file import Dialogue
    from .comparison import Comparison
    from .run import Run
    from .trackers import Bench

app = typer.Typer(no_args_is_help=True, help="Compare models on the same data, in one report.")
console = Console()
_DEFAULT = ["keywords", "single-turn", "t5"]


@app.callback()
def _compare() -> None:
    """Keep `trackers` a command of its own, also while it is the only one."""


@app.command()
def trackers(
    data: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Annotated dialogues, JSON Lines.")],
    tracker: Annotated[
        list[str] | None,
        typer.Option(
            "--tracker",
            "-t",
            help="keywords, t5[:FOLDER_OR_HUB_ID], single-turn[:ANOTHER], llm-updates | llm-state | llm-functions "
            "[:MODEL][@K examples], or a prediction file (.jsonl). Again for each one.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report.")] = Path("comparison"),
    limit: Annotated[int | None, typer.Option("-n", "--limit", min=1, help="Only the first N dialogues.")] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Values outside the ontology count (test_unseen).")] = False,
    base_url: Annotated[
        str, typer.Option(envvar="CHATEDIT_LLM_BASE_URL", help="OpenAI-compatible, with version: http://host:8000/v1.")
    ] = "https://api.openai.com/v1",
    model: Annotated[str, typer.Option(envvar="CHATEDIT_LLM_MODEL", help="Model of trackers that name none.")] = "",
    api_key: Annotated[str, typer.Option(envvar="CHATEDIT_LLM_API_KEY", help="Sent as a bearer token.")] = "",
    record: Annotated[
        Path | None, typer.Option(help="Keep the answers here; what is here already is not asked for again.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Take the answers from here; no key, no network.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Price table (YAML) instead of the shipped one.")
    ] = None,
    examples: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Dialogues for @K; simulated ones by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the choice of examples.")] = 0,
    temperature: Annotated[float, typer.Option(help="-1 for models that accept none.")] = 0.0,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="Longest silence of the endpoint, in seconds.")] = 60.0,
    attempts: Annotated[int, typer.Option(min=1, help="Tries a call where the endpoint fails.")] = 5,
    corrections: Annotated[int, typer.Option(min=0, help="How often a bad answer is asked for again.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Calls at a time.")] = 4,
) -> None:
    """Compare trackers: accuracy with intervals, tests of pairs, by turn and kind, errors, latency, cost.

    Writes report.html, report.md, report.json, summary.csv and turns.csv into OUT. The examples of @K are never taken
    from the dialogues that are compared on, unless you pass those as --examples. Files, names, models and examples are
    checked before the first tracker runs.

    Example: chatedit compare trackers data/test.jsonl -t keywords -t t5 -t llm-state:gpt-4o-mini@3 --record gpt.jsonl
    """
    if record is not None and replay is not None:
        raise typer.BadParameter("choose --record or --replay")
    with told():
        from ...dialogue.llm.prices import load_prices
        from ...dialogue.llm.settings import LlmSettings
        from .comparison import compare
        from .provenance import provenance
        from .report_files import write_report
        from .trackers import Bench

        patience = {
            "timeout_s": timeout_s,
            "attempts": attempts,
            "corrections": corrections,
            "concurrency": concurrency,
        }
        reached = {"base_url": base_url, "api_key": api_key, "temperature": None if temperature < 0 else temperature}

        def llm(named: str) -> LlmSettings:
            return LlmSettings.model_validate({"model": named or model, **reached, **patience})

        dialogues = read_annotated(data, limit)
        bench = Bench(dialogues, llm, dict(load_prices(prices)), record, replay, seed=seed, is_open=is_open)
        bench.example_pool = lambda: _examples(examples, seed, dialogues)
        names = list(dict.fromkeys(tracker or _DEFAULT))
        found = compare(_run_all(bench, names), dialogues)
        source = provenance(["chatedit", *sys.argv[1:]])
        files = write_report(found, out, f"Trackers on {data.name}", source)
    _show(found)
    console.print("-> " + ", ".join(str(file) for file in files), soft_wrap=True)


def _run_all(bench: "Bench", names: list[str]) -> "list[Run]":
    prepared = [bench.prepare(name) for name in names]  # all of them: a misspelt name must not come after paid work
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=messages) as progress:
        total = sum(len(dialogue.turns) for dialogue in bench.dialogues)
        runs = []
        for name, run in zip(names, prepared, strict=True):
            task = progress.add_task(escape(name), total=total)
            runs.append(run(lambda task=task: progress.advance(task)))
            progress.update(task, completed=total)
    return _told_apart(runs, names)


def _told_apart(runs: "Sequence[Run]", names: Sequence[str]) -> "list[Run]":
    """Files are called by their stem where that names nothing else, else as they were given."""
    taken = Counter(run.name for run in runs)
    return [run if taken[run.name] == 1 else replace(run, name=name) for run, name in zip(runs, names, strict=True)]


def _show(comparison: "Comparison") -> None:
    table = Table(title=f"{comparison.num_dialogues:,} dialogues, {comparison.num_turns:,} turns", title_justify="left")
    for heading in ("tracker", "joint %", "95 %", "F1 %", "no state", "p50 ms", "USD"):
        table.add_column(heading, justify="left" if heading == "tracker" else "right", overflow="fold")
    for s in comparison.trackers:
        mean, low, high = (100 * x for x in s.joint_accuracy)
        p50 = "" if s.cost.p50_ms is None else f"{s.cost.p50_ms:,.1f}"
        usd = "not known" if s.cost.usd is None else f"{s.cost.usd:.4f}"
        no_state = f"{sum(s.failures.values()):,}"
        table.add_row(s.name, f"{mean:.1f}", f"{low:.1f}-{high:.1f}", f"{100 * s.slot_f1.f1:.1f}", no_state, p50, usd)
    console.print(table)


def _examples(path: Path | None, seed: int, compared: "Sequence[Dialogue]") -> "list[Dialogue]":
    from .shots import simulated_training_dialogues, unlike

    return unlike(simulated_training_dialogues(seed), compared) if path is None else read_open_dialogues(path)
