"""`chatedit eval human pairs | serve | report` (paper, section 5.3) and the page of `chatedit data review` (Fig. 9)."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ..terminal import messages, told

if TYPE_CHECKING:
    from fastapi import FastAPI

    from .agreement import Verdict
    from .answers import AnswerFolder
    from .pairs import Pair

app = typer.Typer(no_args_is_help=True, help="Let people compare two systems, blindly (paper, section 5.3).")
console = Console()
PairsFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Pairs, JSON Lines; see `pairs`.")]
AnswersFolder = Annotated[Path | None, typer.Option("--answers", help="Folder of the answers; beside the pairs.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port of this machine; 0 takes a free one.")]


@app.command()
def pairs(
    one: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Output folder of `chatedit run`.")],
    other: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Another, of the same dialogues.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for pairs.jsonl and the pictures.")],
    names: Annotated[tuple[str, str], typer.Option(help="What the report calls them.")] = ("one", "other"),
) -> None:
    """Pair the conversations of two runs: same photos, same words, two systems.

    Pairs of other programs: write the lines yourself,
    {"id", "photo", "user": [...], "one": {"system", "turns": [{"response", "picture"}]}, "other": {...}}.
    """
    from .pairs import pairs_of_runs

    with told():
        count = pairs_of_runs(one, other, names, out)
    console.print(f"{count} pairs -> {out / 'pairs.jsonl'}", markup=False)


@app.command()
def serve(
    pairs: PairsFile,
    answers: AnswersFolder = None,
    seed: Annotated[int, typer.Option(help="Of the order and the sides, which differ for each annotator.")] = 0,
    port: Port = 8010,
) -> None:
    """Open the page of the comparison on this machine: two conversations side by side, the paper's four questions.

    Each click is on the disk before the page says so. Stop and start at any time; annotators go on under their name.
    """
    from .judging_site import judging_site

    with told():
        found, folder = _study(pairs, answers)
        for annotator in folder.annotators():  # answers to other pairs are told now, not after the first click
            folder.read(annotator)
        _serve(judging_site(found, folder, seed), port)


@app.command()
def report(
    pairs: PairsFile,
    answers: AnswersFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Majority votes and Fleiss' kappa for each question (paper, Fig. 7 and App. C)."""
    from .agreement import PAPER_KAPPA, mean_kappa, verdicts
    from .errors import NothingToReport

    with told():
        found, folder = _study(pairs, answers)
        by_annotator = {name: folder.read(name) for name in folder.annotators()}
        if not any(by_annotator.values()):
            raise NothingToReport(str(folder.folder))
    results = verdicts(found, by_annotator)
    systems = (found[0].one.system, found[0].other.system)
    if as_json:
        head = {"pairs": len(found), "annotators": list(by_annotator), "one": systems[0], "other": systems[1]}
        body = {"questions": [asdict(result) for result in results], "mean_kappa": mean_kappa(results)}
        typer.echo(json.dumps({**head, **body}, indent=2))
        return
    console.print(verdict_table(results, systems, len(found), len(by_annotator)))
    kappa = mean_kappa(results)
    console.print(f"mean of Fleiss' kappa: {'-' if kappa is None else f'{kappa:.2f}'}; the paper reports {PAPER_KAPPA}")


def review(
    dialogues: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Annotated dialogues, JSON Lines.")],
    table: Annotated[Path, typer.Argument(dir_okay=False, help="The review table (CSV): begun, or continued.")],
    port: Port = 8011,
) -> None:
    """Open the page of the review on this machine (paper, Fig. 9): correct words, acts and states turn by turn.

    Works on the table of `review export`; whatever is done is in it at once. Then: review import.
    """
    from ..terminal import read_open_dialogues
    from .review_site import review_site
    from .review_table import ReviewTable

    with told():
        site = review_site(ReviewTable(table, read_open_dialogues(dialogues)))
        _serve(site, port)


def verdict_table(results: "list[Verdict]", systems: tuple[str, str], num_pairs: int, num_annotators: int) -> Table:
    """A row for each question."""
    table = Table(title=f"{systems[0]} against {systems[1]}: {num_pairs} pairs, {num_annotators} annotators")
    wins = (f"{system} wins" for system in systems)
    for name in ("question", *wins, "ties", "open", "p", "votes left", "kappa", "over pairs x votes"):
        table.add_column(name, justify="left" if name == "question" else "right")
    for r in results:
        votes = r.votes_one + r.votes_other
        left = f"{r.votes_left / votes:.2f}" if votes else "-"
        kappa = "-" if r.kappa is None else f"{r.kappa:.2f}"
        counts = map(str, (r.wins_one, r.wins_other, r.ties, r.num_open))
        table.add_row(r.question, *counts, f"{r.p_value:.3f}", left, kappa, f"{r.kappa_pairs} x {r.kappa_votes}")
    return table


def _study(pairs: Path, answers: Path | None) -> "tuple[list[Pair], AnswerFolder]":
    from .answers import AnswerFolder
    from .pairs import fingerprint, read_pairs

    found = read_pairs(pairs)
    return found, AnswerFolder(answers or pairs.with_name(f"{pairs.stem}-answers"), fingerprint(found))


def _serve(site: "FastAPI", port: int) -> None:
    from .local_site import serve_locally

    try:
        serve_locally(site, port, lambda url: messages.print(f"open [bold]{url}[/] in a browser; Ctrl-C stops"))
    except OSError as error:
        messages.print(f"[bold red]error:[/] port {port}: {error.strerror}; choose another with --port")
        raise typer.Exit(1) from error
