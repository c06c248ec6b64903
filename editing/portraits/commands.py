"""`chatedit portraits ...` and `chatedit train portraits`: draw, look at, train, measure and export the portraits."""

import json
import time
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..terminal import told
from .factors import VALUES, Portrait, attributes_of, person_of, sample_portrait, with_state
from .grid import value_grid
from .renderer import render

if TYPE_CHECKING:  # torch takes seconds to import, and drawing does not need it
    from .edit_gates import EditGateReport
    from .fitting import Progress as TrainingProgress
    from .gates import GateReport

app = typer.Typer(help="Illustrated portraits: faces to play with, and the making of their pack.", no_args_is_help=True)
console = Console()

SHIPPED_PACK = Path(__file__).parent.parent / "packs" / "portraits"
WORK_DIR = Path(".cache/portraits")


class PartName(StrEnum):
    """What `--part` takes."""

    ALL = "all"
    FEATURES = "features"
    GENERATOR = "generator"
    IDENTITY = "identity"
    CLIP = "clip"
    ENCODER = "encoder"
    OUTSIDE = "outside"
    READER = "reader"


WorkDir = Annotated[Path, typer.Option("--work-dir", help="Folder of renders, checkpoints and logs.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="CPU threads.")]


@app.command()
def sample(
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=10_000, help="How many portraits.")] = 8,
    size: Annotated[int, typer.Option("--size", min=16, max=4096, help="Side in pixels.")] = 512,
    out_dir: Annotated[Path, typer.Option("-o", "--out", help="Folder to write into.")] = Path("out/portraits"),
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other people.")] = 0,
    values: Annotated[list[str] | None, typer.Option("--with", help="A value that all have; repeatable.")] = None,
) -> None:
    """Draw portraits of people who do not exist, with their attributes in samples.json."""
    _refuse_unknown(values or [])
    rng = np.random.default_rng(seed)
    out_dir.mkdir(parents=True, exist_ok=True)
    index = []
    for number in range(1, count + 1):
        portrait = with_state(sample_portrait(rng), values or [])
        path = out_dir / f"portrait-{number:03d}.png"
        Image.fromarray(render(portrait, size)).save(path)
        index.append({"file": path.name, "person": person_of(portrait), "attributes": _listed(portrait)})
    (out_dir / "samples.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    console.print(f"{count} portraits of {size} px in {out_dir}")


@app.command()
def grid(
    out: Annotated[Path, typer.Option("-o", "--out", help="PNG to write.")] = Path("out/portraits-grid.png"),
    seed: Annotated[int, typer.Option("--seed")] = 0,
    people: Annotated[int, typer.Option("--people", min=1, max=20, help="How many people.")] = 2,
) -> None:
    """One picture with every value: people as they are, and then with each of the 21 values."""
    rng = np.random.default_rng(seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    value_grid([sample_portrait(rng) for _ in range(people)]).save(out, optimize=True)
    console.print(f"{out}: {people} people as they are, and with each of the {len(VALUES)} values")


@app.command()
def train(
    part: Annotated[PartName, typer.Option("--part", help="What to train; all: every part in order.")] = PartName.ALL,
    minutes: Annotated[float, typer.Option("--minutes", min=0.01, help="Stop each part after this long.")] = 1e9,
    work_dir: WorkDir = WORK_DIR,
    threads: Threads = 1,
) -> None:
    """Train the networks of the portraits pack; stopping and calling again goes on where it stood."""
    import torch

    from .training import TRAININGS, TrainingConfig, train_part

    torch.set_num_threads(threads)
    config = TrainingConfig()
    for name in TRAININGS if part == "all" else (str(part),):
        started = time.monotonic()
        with told(), _progress() as progress:
            bar = progress.add_task(name, total=TRAININGS[name].steps, note="")
            drawing = progress.add_task("renders", total=config.renders, note="", visible=False)
            steps = train_part(
                name,
                config,
                work_dir,
                minutes,
                partial(_show_step, progress, bar),
                partial(_show_renders, progress, drawing),
            )
        _add_minutes(work_dir, name, (time.monotonic() - started) / 60.0)
        console.print(f"{name}: {steps} of {TRAININGS[name].steps} steps")


@app.command()
def check(
    pack: Annotated[Path, typer.Option("--pack", help="Pack folder.")] = SHIPPED_PACK,
    count: Annotated[int, typer.Option("-n", "--count", min=20, help="Held-out renders, even.")] = 600,
    work_dir: WorkDir = WORK_DIR,
    write: Annotated[bool, typer.Option("--write", help="Write the numbers into the pack's card.")] = False,
    threads: Threads = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Measure a pack on renders that no training has seen; fails where a target is missed."""
    import torch

    from ..inversion import invert
    from ..pack import load_pack
    from .card import write_gates
    from .data import load_renders
    from .gates import HELD_OUT_SEED, measure_gates
    from .pack_export import report_as_json
    from .parts import load_shipped

    torch.set_num_threads(threads)
    with told():
        loaded = load_pack(pack)
        parts = load_shipped(loaded.folder)
    held_out = load_renders(work_dir / "renders", count + count % 2, HELD_OUT_SEED)
    report = measure_gates(parts, held_out, partial(invert, loaded))
    if write:
        write_gates(loaded.folder, report, len(held_out))
    if as_json:
        typer.echo(report_as_json(report))
    else:
        _print_report(report)
    _exit_if(report.failures())


@app.command()
def edits(
    pack: Annotated[Path, typer.Option("--pack", help="Pack folder.")] = SHIPPED_PACK,
    count: Annotated[int, typer.Option("-n", "--count", min=21, help="Portraits; each is edited twice.")] = 200,
    preset: Annotated[list[str] | None, typer.Option("--preset", help="Repeatable; all of them where absent.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the numbers into the pack's card.")] = False,
    threads: Threads = 1,
) -> None:
    """Edit portraits that no training has seen, and measure; fails where a target is missed."""
    import torch

    from ..pack import load_pack
    from .card import CARD
    from .edit_gates import edit_cases, measure_edits, write_edits

    torch.set_num_threads(threads)
    with told(), _progress() as progress:
        loaded, reports = load_pack(pack), []
        presets = [loaded.preset(name) for name in preset or loaded.presets]
        progress.add_task("inverting", total=None, note="")
        cases = edit_cases(loaded, count)
        for one in presets:
            bar = progress.add_task(one.name, total=2 * count, note="")
            reports.append(measure_edits(loaded, one, cases, partial(progress.advance, bar)))
    for report in reports:
        _print_edits(report)
    if write:
        write_edits(loaded.folder / CARD, reports, f"chatedit portraits edits --count {count} --preset PRESET --write")
    _exit_if([failure for report in reports for failure in report.failures()])


@app.command()
def export(
    pack: Annotated[Path, typer.Option("--pack", help="Folder to write.")] = SHIPPED_PACK,
    count: Annotated[int, typer.Option("-n", "--count", min=20, help="Held-out renders to measure on, even.")] = 600,
    work_dir: WorkDir = WORK_DIR,
    threads: Threads = 1,
) -> None:
    """Write the pack from what has been trained: weights, statistics, samples and a card with measured numbers."""
    import torch

    from .data import load_renders
    from .gates import HELD_OUT_SEED
    from .pack_export import export_pack
    from .parts import load_trained
    from .training import TrainingConfig

    torch.set_num_threads(threads)
    config = TrainingConfig()
    with told():
        parts = load_trained(work_dir, lambda: load_renders(work_dir / "renders", config.renders, config.seed))
    held_out = load_renders(work_dir / "renders", count + count % 2, HELD_OUT_SEED)
    report = export_pack(parts, held_out, pack, _minutes(work_dir))
    _print_report(report)
    for path in sorted(pack.glob("*.safetensors")):
        console.print(f"{path.name:28s} {path.stat().st_size / 1e6:6.2f} MB")


def _print_report(report: "GateReport") -> None:
    table = Table("value", "render", "generator", "false", "inversion", "CLIP AUC", title="recall by the reader")
    for v in VALUES:
        numbers = (report.reader_recall, report.generator_recall, report.generator_false, report.inversion_recall)
        table.add_row(v, *(f"{by_value[v]:.2f}" for by_value in numbers), f"{report.clip_auc[v]:.3f}")
    console.print(table)
    console.print(
        f"reader accuracy {report.reader_accuracy:.4f} · inversion keeps all values of {report.inversion_kept:.3f}, "
        f"{report.inversion_values:.4f} of single values · identity rank-1 {report.identity_rank_1:.3f} · "
        f"PSNR generator {report.generator_psnr:.1f} dB, inversion {report.inversion_psnr:.1f} dB"
    )


def _print_edits(report: "EditGateReport") -> None:
    columns = ("edits", "present", "all present", "changed", "identity", "to the photo", "background")
    table = Table(*columns, title=f"preset {report.preset}")
    for name, quality in (("single values", report.single), ("states of 2-6 values", report.several)):
        identities = (quality.identity, quality.identity_to_photo)
        shares = (quality.present, quality.complete, quality.changed, *identities, quality.background)
        table.add_row(name, *("-" if share is None else f"{share:.3f}" for share in shares))
    console.print(table)
    low = {value: share for value, share in report.single.present_by_value.items() if share < 1.0}
    told = ", ".join(f"{value} {share:.2f}" for value, share in low.items()) or "none"
    console.print(f"values below 1.00: {told} · {report.steps} steps, {report.seconds:.2f} s an edit")


def _exit_if(failures: list[str]) -> None:
    for failure in failures:
        console.print(f"[red]missed[/red] {failure}")
    if failures:
        raise typer.Exit(1)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


def _show_step(progress: Progress, bar: TaskID, at: "TrainingProgress") -> None:
    note = " ".join(f"{name} {value:.3g}" for name, value in at.losses.items())
    progress.update(bar, completed=at.step, note=note)


def _show_renders(progress: Progress, bar: TaskID, done: int) -> None:
    progress.update(bar, completed=done, visible=True)


def _add_minutes(work_dir: Path, name: str, minutes: float) -> None:
    spent = _minutes(work_dir)
    spent[name] = round(spent.get(name, 0.0) + minutes, 2)
    (work_dir / "minutes.json").write_text(json.dumps(spent), encoding="utf-8")


def _minutes(work_dir: Path) -> dict[str, float]:
    path = work_dir / "minutes.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _refuse_unknown(values: list[str]) -> None:
    if unknown := [value for value in values if value not in VALUES]:
        raise typer.BadParameter(f"unknown value {unknown[0]!r}; there are: {', '.join(VALUES)}")


def _listed(portrait: Portrait) -> list[str]:
    return [value for value in VALUES if value in attributes_of(portrait)]
