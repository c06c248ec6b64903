"""Commands of the evaluation module: `chatedit data build | stats | review | paraphrase`, `chatedit eval dialogue`."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .terminal import messages, read_open_dialogues, told

if TYPE_CHECKING:
    from ..dialogue.dialogue_file import Dialogue, Prediction

data = typer.Typer(no_args_is_help=True, help="Build dialogue data, look at it, review it, paraphrase it.")
review = typer.Typer(no_args_is_help=True, help="Let people correct dialogues, on a page or in a spreadsheet (Fig. 9).")
evaluation = typer.Typer(no_args_is_help=True, help="Measure models as the paper's tables do.")
data.add_typer(review, name="review")
console = Console()

DialogueFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Dialogues, JSON Lines.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Where the result goes.")]
Engine = Literal["ctranslate2", "torch"]


@evaluation.callback()
def _evaluation() -> None:
    """Keep `dialogue` a command of its own, also while it is the only one."""


@data.command()
def build(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files; made where it is missing.")],
    annotations: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CelebAMask-HQ-attribute-anno.txt: talk about its 30,000 photos. Without it, photos are made up "
            "with the same frequencies of attributes.",
        ),
    ] = None,
    train: Annotated[int, typer.Option(min=0, help="Dialogues to train on.")] = 10_000,
    validation: Annotated[
        int, typer.Option(min=0, help="Dialogues to choose models by, in wording of their own.")
    ] = 1_000,
    test: Annotated[int, typer.Option(min=0, help="Dialogues to report on, in wording of their own.")] = 1_000,
    unseen: Annotated[int, typer.Option(min=0, help="Out-of-distribution test with the values of Table 9.")] = 1_000,
    open_train: Annotated[
        int, typer.Option(min=0, help="Dialogues with values outside the ontology, for the question format (--open).")
    ] = 3_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
) -> None:
    """Simulate annotated dialogues over photos (paper, section 3.1), in hand-written wording.

    Writes train, validation, test, test_unseen and train_open (.jsonl) into OUT. No photo and, where a kind of phrase
    has enough of them, no phrase is in two of the splits. A file appears only when it is whole.

    Example: chatedit data build --out data --annotations CelebAMask-HQ-attribute-anno.txt
    """
    from .data_set import build as simulate
    from .data_set import parts
    from .simulation.photo import read_annotations

    with told(), _progress() as progress:
        photos = read_annotations(annotations) if annotations else ()
        for part in parts(train, validation, test, unseen, open_train):
            if part.size:
                task = progress.add_task(part.name, total=part.size)
                dialogues = simulate(part, seed, photos, lambda task=task: progress.advance(task))
                _write_dialogues(out / f"{part.name}.jsonl", dialogues)
    console.print(f"written to {out}; look at it with [bold]chatedit data stats {out}[/]")


@data.command()
def stats(
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder of `data build`, or one dialogue file.")],
    figures: Annotated[Path | None, typer.Option(help="Draw Fig. 3 and Fig. 4 as PNG into this folder.")] = None,
) -> None:
    """Print Table 3 beside the paper's figures; draw Fig. 3 (attributes) and Fig. 4 (dialogue flow).

    Of a folder, train, validation and test are counted together, as in the paper.
    """
    from .score_tables import table_3
    from .statistics import flow, statistics

    with told():
        files = [folder] if folder.is_file() else [folder / f"{name}.jsonl" for name in ("train", "validation", "test")]
        dialogues = [
            dialogue for file in files if file.exists() or len(files) == 1 for dialogue in read_open_dialogues(file)
        ]
        counted = statistics(dialogues)
    console.print(table_3(counted))
    if figures:
        from .figures import draw_attributes, draw_flow

        figures.mkdir(parents=True, exist_ok=True)
        draw_attributes(counted, figures / "fig3_attributes.png")
        draw_flow(flow(dialogues), figures / "fig4_flow.png")
        console.print(f"drawn: {figures / 'fig3_attributes.png'}, {figures / 'fig4_flow.png'}")


@review.command("export")
def export_review(dialogues: DialogueFile, out: Out, limit: Annotated[int, typer.Option(min=1)] = 100_000) -> None:
    """Write a CSV table with a turn a row, for any spreadsheet.

    Tick right turns (✓ in `correct`); mark wrong ones (✗) and fill in the `revised` columns. Then: review import.
    """
    from .review import export_csv

    with told():
        found = read_open_dialogues(dialogues)[:limit]
    _write_text(out, "\ufeff" + export_csv(found))  # the mark tells spreadsheets that it is UTF-8
    console.print(f"{len(found)} dialogues, {sum(len(d.turns) for d in found)} rows -> {out}")


@review.command("import")
def import_review(
    dialogues: DialogueFile,
    table: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The reviewed table, as CSV (UTF-8).")],
    out: Out,
) -> None:
    """Apply a reviewed table to the dialogues it was made from; refuse what breaks the rules, by row and reason.

    The states of a dialogue follow from the changes of its turns, so a revised turn also mends the turns after it.
    """
    from .review import import_csv, read_table

    with told():
        result = import_csv(read_table(table), read_open_dialogues(dialogues))
        _write_dialogues(out, result.dialogues)
    counts = f"{result.num_ticked} right, {result.num_revised} revised, {result.num_open} not looked at"
    console.print(f"{counts} -> {out}")


@data.command()
def paraphrase(
    dialogues: DialogueFile,
    out: Out,
    base_url: Annotated[
        str, typer.Option(envvar="CHATEDIT_LLM_BASE_URL", help="OpenAI-compatible, with version: http://host:8000/v1.")
    ],
    model: Annotated[str, typer.Option(envvar="CHATEDIT_LLM_MODEL", help="Name of the model at that endpoint.")],
    api_key: Annotated[str, typer.Option(envvar="CHATEDIT_LLM_API_KEY", help="Sent as a bearer token.")] = "",
    tracker: Annotated[str, typer.Option(help="Model that checks the new wording; the embedded one by default.")] = "",
    second_opinion: Annotated[bool, typer.Option(help="Also ask the LLM what each new turn changes.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Calls at a time.")] = 4,
    temperature: Annotated[float, typer.Option(min=0.0, max=2.0)] = 0.9,
    timeout_s: Annotated[float, typer.Option(min=1.0, help="Wait for one answer, in seconds.")] = 60.0,
    attempts: Annotated[int, typer.Option(min=1, help="Tries a call, with growing pauses between them.")] = 5,
) -> None:
    """Reword dialogues with a language model; drop the rewording of turns that would then be understood otherwise.

    States and acts stay. Stop it at any time and run it again: finished dialogues are not asked for twice. Needs the
    extra `llm`.
    """
    from ..dialogue.llm.settings import LlmSettings
    from ..dialogue.t5 import load_dialogue_model
    from . import paraphrase as wording
    from .chat_client import open_chat_client

    patience = {"temperature": temperature, "timeout_s": timeout_s, "attempts": attempts}
    settings = LlmSettings.model_validate({"model": model, "base_url": base_url, "api_key": api_key, **patience})
    with told(), _progress() as progress:
        client = open_chat_client(settings)
        checks = [wording.tracker_check(load_dialogue_model(tracker or None))]
        if second_opinion:
            checks.append(wording.second_opinion(client))
        found = read_open_dialogues(dialogues)
        task = progress.add_task("paraphrasing", total=len(found))
        result = wording.paraphrase(found, client, checks, out, concurrency, lambda: progress.advance(task))
    console.print(f"{result.num_reworded} turns reworded, {result.num_dropped} kept as they were")
    if result.failed:
        named = ", ".join(result.failed[:5])
        console.print(
            f"[red]{len(result.failed)} dialogues failed ({named} ...); run the command again to retry them.[/]"
        )
        raise typer.Exit(1)
    console.print(f"-> {out}")


@evaluation.command("dialogue")
def evaluate_dialogue(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="PREDICTIONS_OR_MODEL...",
            help="Prediction files of `chatedit track` (.jsonl), model folders or hub ids; several seeds give a mean.",
        ),
    ],
    data_file: Annotated[Path, typer.Option("--data", exists=True, dir_okay=False, help="Annotated dialogues.")],
    is_open: Annotated[
        bool, typer.Option("--open", help="Models answer by questions; may name unseen values.")
    ] = False,
    engine: Annotated[Engine, typer.Option(help="For models: int8, or Hugging Face generate.")] = "ctranslate2",
    as_json: Annotated[bool, typer.Option("--json", help="Print all scores as JSON.")] = False,
) -> None:
    """Score tracking and responses (paper, Table 4): joint accuracy, slot F1, BLEU, Distinct-n, illogical acts.

    Example: chatedit eval dialogue predictions.jsonl --data data/test.jsonl
    """
    from .dialogue_scores import score
    from .score_tables import breakdown, response_table, tracking_table

    with told():
        dialogues = read_open_dialogues(data_file)
        scores = [score(_row_name(Path(m)), _predictions(m, dialogues, is_open, engine), dialogues) for m in models]
    if as_json:
        typer.echo(json.dumps([ours.to_json() for ours in scores], indent=2, ensure_ascii=False))
        return
    console.print(f"{data_file}: {scores[0].num_dialogues:,} dialogues, {scores[0].num_turns:,} turns")
    answers = [response_table(scores)] if any(ours.responses for ours in scores) else []
    for table in (tracking_table(scores), *answers, *breakdown(scores)):
        console.print(table)
    signatures = {ours.responses.bleu_signature for ours in scores if ours.responses}
    for signature in signatures:
        console.print(f"BLEU: sacrebleu {signature}", highlight=False)


def _row_name(path: Path) -> str:
    """A file's or model's name; that of the training, where it is the `model` of `train dialogue`."""
    name = path.parent.name if path.name == "model" else path.name
    return (name or path.name).removesuffix(".jsonl")


def _predictions(model: str, dialogues: "Sequence[Dialogue]", is_open: bool, engine: Engine) -> "list[Prediction]":
    """Of a prediction file, or of a model that predicts now."""
    if model.endswith(".jsonl"):
        from ..dialogue.dialogue_file import read_predictions
        from ..dialogue.ontology import OPEN_ONTOLOGY

        return read_predictions(Path(model), OPEN_ONTOLOGY)
    from ..dialogue.prediction import predict
    from ..dialogue.t5 import load_dialogue_model

    loaded = load_dialogue_model(model, engine)
    with _progress() as progress:
        task = progress.add_task(f"predicting with {Path(model).name}", total=sum(len(d.turns) for d in dialogues))
        return predict(
            dialogues, loaded.turn_function(is_open, None), on_turn=lambda count: progress.advance(task, count)
        )


def _write_dialogues(path: Path, dialogues: "Iterable[Dialogue]") -> None:
    """Atomic: the file appears when it is whole."""
    from ..dialogue.dialogue_file import dialogue_to_json, write_jsonl

    part = path.with_name(f"{path.name}.part")
    write_jsonl(part, (dialogue_to_json(dialogue) for dialogue in dialogues))
    part.replace(path)


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(path)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=messages)
