"""`chatedit eval tables`: the paper's tables and figures, and the results page."""

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ..terminal import messages, told

if TYPE_CHECKING:
    from ..compare.report_tables import ReportTable
    from .results import Results

console = Console()
RESULTS_FILE = "results.json"


def tables(
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of `chatedit data build`.")],
    pack: Annotated[str, typer.Option(help="Name of a pack, or its folder.")] = "portraits",
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A size of dialogue model: NAME=FOLDER[,FOLDER of another seed...]. Again for each size; the first "
            "also tracks for the edits. The embedded model by default."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Edits, predictions, results.json, tables.md, figures.")
    ] = Path("tables"),
    page: Annotated[Path | None, typer.Option(help="Also write the results page, with its figures beside it.")] = None,
    count: Annotated[int, typer.Option("-n", "--dialogues", min=2, help="Dialogues to edit, of each test file.")] = 100,
    tracked: Annotated[int, typer.Option(min=1, help="Dialogues to score trackers on, of each test file.")] = 1_000,
    seeds: Annotated[int, typer.Option(min=1, help="Runs; each draws other people.")] = 3,
    preset: Annotated[str | None, typer.Option(help="Of the edits: fast where the pack has it, else its own.")] = None,
    imagenet: Annotated[
        bool, typer.Option("--imagenet", help="FID and LPIPS as published, also where the pack has a reader.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, ...")] = "cpu",
    processes: Annotated[
        int | None, typer.Option(min=1, help="Editing processes; one a processor on a CPU, else one.")
    ] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Say how long it would take, and stop.")] = False,
) -> None:
    """Run Tables 3, 4, 5, 6, 10 and 11 and draw the qualitative figures, the paper's numbers beside ours.

    Stop it at any time and run it again: no edit and no prediction is made twice. A photo of its own is named in a
    dialogue's line as "image"; where there is none, a portrait is drawn from the dialogue's attributes.

    Example: chatedit eval tables --data data --pack portraits -o tables --page docs/results.md
    """
    from .study import Study

    started = time.monotonic()
    with _told_all(), _progress() as progress:
        study = Study(data, pack, tuple(model or ()), out, count, tracked, seeds, preset, imagenet, device, processes)
        begin = _bars(progress)
        if estimate:
            lines = study.estimate(begin)
            results = None
        else:
            results = study.run(begin, shlex.join(["chatedit", *sys.argv[1:]]), started)
            lines = []
    for line in lines:
        console.print(line, highlight=False)
    if results is not None:
        _publish(results, out, page)


def _publish(results: "Results", out: Path, page: Path | None) -> None:
    """Files, tables on the terminal, and the results page where it is asked for."""
    from .page import write_page
    from .study import HUMAN
    from .text import all_tables

    _write(results.to_json(), out / RESULTS_FILE)
    write_page(results, out / "tables.md", out / "figures")
    for table in all_tables(results):
        console.print(_shown(table))
    console.print(f"-> {out / 'tables.md'}, {out / RESULTS_FILE}, {out / 'figures'}", soft_wrap=True)
    pairs = out / HUMAN / "pairs.jsonl"
    console.print(f"-> {pairs}: chatedit eval human serve lets people judge it", soft_wrap=True)
    if page is not None:
        figures = _copy_figures(out / "figures", page.with_suffix(""))
        write_page(results, page, figures)
        console.print(f"-> {page}, {figures}", soft_wrap=True)


@contextmanager
def _told_all() -> Iterator[None]:
    """What the user can mend is told in one message, of the dialogues and of the pack."""
    from ...editing.errors import EditError

    with told():
        try:
            yield
        except EditError as error:
            messages.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False)
            raise typer.Exit(1) from error


def _shown(table: "ReportTable") -> Table:
    shown = Table(title=table.title, caption=table.note, caption_justify="left", title_justify="left")
    for index, name in enumerate(table.header):
        shown.add_column(name, justify="right" if index else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*map(escape, row))
    return shown


def _copy_figures(source: Path, target: Path) -> Path:
    """The pictures beside the page; old ones are removed."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("figure-*.png"):
        old.unlink()
    for picture in sorted(source.glob("figure-*.png")):
        (target / picture.name).write_bytes(picture.read_bytes())
    return target


def _write(record: dict, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def _bars(progress: Progress) -> Callable[[str, int], Callable[[int], None]]:
    """A bar for each piece of work."""

    def begin(name: str, total: int) -> Callable[[int], None]:
        for task in progress.tasks:
            if task.finished:  # with all of them the screen would not hold the one that moves
                progress.update(task.id, visible=False)
        bar = progress.add_task(escape(name), total=total)
        return lambda done: progress.advance(bar, done)

    return begin


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=messages)
