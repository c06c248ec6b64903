"""Commands of the editing module: `chatedit models ...`, `chatedit edit`, `chatedit bench edit`."""

import dataclasses
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..dialogue.belief_state import BeliefState, parse, to_json, to_text
from .presets import MAX_SEED
from .terminal import told

if TYPE_CHECKING:  # torch takes seconds to import
    from .edit_bench import PresetScore
    from .edit_job import EditResult
    from .pack import Pack
    from .photo import Photo
    from .presets import Preset

models = typer.Typer(no_args_is_help=True, help="Model packs: what there is, is it whole, make one from your files.")
bench = typer.Typer(no_args_is_help=True, help="Measure speed and quality on this machine.")
console = Console()

NUM_PREVIEWS = 4  # pictures of `--strip` between start and result

PackName = Annotated[str, typer.Option("--pack", help="Name of a pack, or its folder.")]
PacksFolder = Annotated[Path | None, typer.Option("--packs", help="Folder of imported packs.")]
Device = Annotated[str, typer.Option("--device", help="cpu or cuda.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@models.command("list")
def list_models(packs: PacksFolder = None, as_json: AsJson = False) -> None:
    """The packs that ship with ChatEdit and those that you imported."""
    from .pack import available_packs

    rows = [_listed(folder) for folder in available_packs(packs).values()]
    if as_json:
        console.print_json(data=rows)
        return
    table = Table("name", "domain", "pixels", "MB", "licence", "folder")
    for row in rows:
        if "problem" in row:
            table.add_row(row["name"], "[red]broken, see below[/red]", "", "", "", row["folder"])
        else:
            size, megabytes = str(row["image_size_px"]), f"{row['megabytes']:.1f}"
            table.add_row(row["name"], row["domain"], size, megabytes, row["licence"], row["folder"])
    console.print(table)
    for problem in (row["problem"] for row in rows if "problem" in row):
        typer.secho(problem, fg="red")


@models.command("show")
def show_model(name: Annotated[str, typer.Argument(help="Name or folder.")], packs: PacksFolder = None) -> None:
    """What a pack holds: components, presets, wording, limits. Loads no weights."""
    from .pack import find_pack
    from .pack_format import read_pack_file

    with told():
        folder = find_pack(name, packs)
        file = read_pack_file(folder)
        presets = file.parsed_presets()
    console.print(f"[bold]{file.name}[/bold]: {file.domain}, {file.image_size_px} px. {file.description}")
    console.print(f"licence: {file.licence}\nfolder: {folder}")
    table = Table("component", "file", "numbers", "sha256")
    for part, weights in file.weight_files().items():
        table.add_row(part, weights.file, f"{weights.parameters:,}", weights.sha256[:16])
    console.print(table)
    for preset in presets.values():
        mark = " (default)" if preset.name == file.default_preset else ""
        terms = ", ".join(f"{term} {weight:g}" for term, weight in dataclasses.asdict(preset.weights).items() if weight)
        console.print(f"preset {preset.name}{mark}: {preset.steps} steps at {preset.learning_rate:g}; {terms}")
    console.print(f"prompts: {file.templates.single!r}, {file.templates.joined!r}")
    limits = file.domain_check.model_dump(exclude_none=True, exclude_defaults=True)
    console.print(f"domain check: {json.dumps(limits) if limits else 'none'}; alignment: {file.alignment}")


@models.command("verify")
def verify_model(name: Annotated[str, typer.Argument(help="Name or folder.")], packs: PacksFolder = None) -> None:
    """Check every hash, key and shape of a pack, and that its networks work together."""
    from .attribute_reader import load_reader
    from .dialogue_files import check_dialogue_model
    from .pack import load_pack
    from .pack_trial import try_pack

    with told():
        pack = load_pack(name, packs_folder=packs)
        reader = load_reader(pack)
        try_pack(pack, reader)
        if pack.file.dialogue_model is not None:
            check_dialogue_model(pack.folder / pack.file.dialogue_model)
    count = sum(part.parameters for part in pack.file.weight_files().values())
    console.print(f"{pack.name} in {pack.folder} is whole: {count:,} numbers; hashes, keys and shapes are right")


@models.command("import")
def import_model(
    generator: Annotated[Path, typer.Option(help="stylegan2-ffhq-config-f.pt (g_ema).")],
    encoder: Annotated[Path, typer.Option(help="e4e_ffhq_encode.pt.")],
    identity: Annotated[Path, typer.Option(help="model_ir_se50.pth.")],
    clip: Annotated[str, typer.Option(help="Architecture of open_clip.")] = "ViT-B-32-quickgelu",
    clip_weights: Annotated[str, typer.Option(help="File, or pretrained tag of open_clip (downloads).")] = "openai",
    dialogue: Annotated[Path | None, typer.Option(help="Folder of a T5 or PPTOD checkpoint.")] = None,
    name: Annotated[str, typer.Option(help="What to call the pack.")] = "ffhq",
    sha256: Annotated[list[str] | None, typer.Option(help="PART=HASH that a file must have; repeatable.")] = None,
    packs: PacksFolder = None,
) -> None:
    """Make a pack from the official files on disk: checked, converted to safetensors, nothing unpickled."""
    from .pack_import import OfficialFiles, import_pack

    files = OfficialFiles(generator, encoder, identity, clip, clip_weights, dialogue, _hashes(sha256 or []))
    with told():
        folder = import_pack(files, name, packs, lambda step: console.print(f"{step} ..."))
    console.print(f"pack {name} is in {folder}")


@models.command("fit-fast")
def fit_fast(
    name: Annotated[str, typer.Argument(help="Name or folder of a pack without directions.")],
    preset: Annotated[str | None, typer.Option(help="Preset to learn from; the pack's default where absent.")] = None,
    faces: Annotated[int, typer.Option(min=1, help="Generated faces to edit towards each value.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the faces.")] = 0,
    packs: PacksFolder = None,
    device: Device = "cpu",
) -> None:
    """Learn a direction for each value, and add a preset `fast` that starts from it (slow; wants a GPU at 1024 px)."""
    from .fast_preset import add_fast_preset
    from .pack import load_pack

    with told():
        pack = load_pack(name, device, packs)
        folder = add_fast_preset(
            pack, pack.preset(preset), faces, seed, report=lambda value: console.print(f"{value} ...")
        )
    console.print(f"preset fast is in {folder}")


def edit(
    image: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The photo.")],
    belief_state: Annotated[str, typer.Argument(help="'blond hair, smiling', 'makeup: lipstick', or JSON.")],
    out: Annotated[Path, typer.Option("-o", "--out", dir_okay=False, help="PNG to write.")] = Path("edited.png"),
    preset: Annotated[str | None, typer.Option(help="full, fast, ...; the pack's default where absent.")] = None,
    pack: PackName = "portraits",
    strip: Annotated[bool, typer.Option("--strip", help="Photo, reconstruction, steps and result in a row.")] = False,
    before_after: Annotated[bool, typer.Option("--before-after", help="Photo and result in a row.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Each seed above 0 gives its own result.")] = 0,
    aligned: Annotated[bool, typer.Option("--aligned", help="The photo is cropped as the pack expects.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Seconds allowed for the optimisation.")] = None,
    packs: PacksFolder = None,
    device: Device = "cpu",
) -> None:
    """Edit a photo towards a belief state: everything that it should show."""
    from .credentials import ContentCredentials
    from .pack import load_pack
    from .photo import open_aligned_photo, open_photo

    if strip and before_after:
        raise typer.BadParameter("choose one of --strip and --before-after")
    with told():
        state, credentials = parse(belief_state), ContentCredentials()
        loaded = load_pack(pack, device, packs)
        chosen = loaded.preset(preset).seeded(seed)
        _make_folder_of(out)
        photo = (open_aligned_photo if aligned else open_photo)(loaded, image.read_bytes())
        result, previews = _run_edit(loaded, photo, state, chosen, seed, timeout)
    png = _png(_arrange(loaded, photo, result, previews, strip, before_after))
    out.write_bytes(credentials.signed(png, to_json(state), loaded.name))
    console.print(f"{out}: {to_text(state)} ({result.steps} steps, loss {float(result.losses[-1, -1]):.4f})")


@bench.command("edit")
def bench_edit(
    pack: PackName = "portraits",
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Pictures to edit.")] = 20,
    preset: Annotated[list[str] | None, typer.Option(help="Preset to measure; repeatable. All where absent.")] = None,
    seed: Annotated[int, typer.Option(help="Of the pictures and what is asked for.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    packs: PacksFolder = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Compare a pack's presets on the same edits: seconds, success, collateral changes, identity."""
    import torch

    from .attribute_reader import load_reader
    from .edit_bench import bench_cases, score_preset
    from .pack import load_pack

    if threads:
        torch.set_num_threads(threads)
    with told():
        loaded = load_pack(pack, device, packs)
        presets = [loaded.preset(name) for name in preset or loaded.presets]
        cases, reader = bench_cases(loaded, count, seed), load_reader(loaded)
        with _progress() as progress:
            scores = []
            for one in presets:
                task = progress.add_task(one.name, total=count)
                scores.append(score_preset(loaded, one, cases, reader, lambda task=task: progress.advance(task)))
    if as_json:
        console.print_json(data=[dataclasses.asdict(score) for score in scores])
    else:
        console.print(_score_table(scores))


def _listed(folder: Path) -> dict[str, Any]:
    """A pack as `models list` shows it; of a broken one, its problem."""
    from .pack_errors import PackError
    from .pack_format import read_pack_file

    try:
        file = read_pack_file(folder)
    except PackError as error:  # one broken pack must not hide the others
        return {"name": folder.name, "problem": str(error), "folder": str(folder)}
    fields = {name: getattr(file, name) for name in ("name", "domain", "image_size_px", "licence")}
    megabytes = sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 1e6
    return {**fields, "megabytes": round(megabytes, 1), "folder": str(folder)}


def _run_edit(
    pack: "Pack", photo: "Photo", state: BeliefState, preset: "Preset", seed: int, timeout_s: float | None
) -> "tuple[EditResult, list[Any]]":
    """The result, and previews on the way to it."""
    from .engine import Engine
    from .errors import EditError

    previews: list[Any] = []
    with _progress() as progress:
        task = progress.add_task("editing", total=preset.steps)

        def on_progress(step: Any) -> None:
            progress.update(task, completed=step.step)
            if step.preview is not None:
                previews.append(step.preview)

        job = pack.job(
            photo.w_plus,
            state,
            preset,
            seed=seed,
            timeout_s=timeout_s,
            on_progress=on_progress,
            preview_every=max(1, preset.steps // (NUM_PREVIEWS + 1)),
        )
        (outcome,) = Engine(pack.models(), pack.device).run([job])
    if isinstance(outcome, EditError):
        raise outcome
    return outcome, previews[:NUM_PREVIEWS]


def _make_folder_of(out: Path) -> None:
    """Before the edit, which may take long."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"cannot write there: {error}", param_hint="--out") from error


def _arrange(
    pack: "Pack", photo: "Photo", result: "EditResult", previews: list[Any], strip: bool, before_after: bool
) -> Any:
    """The picture to write."""
    from .image_file import to_image
    from .picture_row import picture_row

    if strip:
        reconstruction = pack.generator(photo.w_plus[None])[0]
        return picture_row([to_image(p) for p in (photo.picture, reconstruction, *previews, result.image)])
    if before_after:
        return picture_row([to_image(photo.picture), to_image(result.image)])
    return to_image(result.image)


def _png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _score_table(scores: "list[PresetScore]") -> Table:
    table = Table("preset", "steps", "s/edit", "s/edit, 4 together", "present", "changed", "identity", "failed")
    for score in scores:
        shares = ("-" if value is None else f"{value:.3f}" for value in (score.present, score.changed))
        table.add_row(
            score.preset,
            f"{score.steps:.0f}",
            f"{score.seconds:.2f}",
            f"{score.seconds_together:.2f}",
            *shares,
            f"{score.identity:.3f}",
            str(score.failed),
        )
    return table


def _hashes(pairs: list[str]) -> dict[str, str]:
    """{"generator": "ab12..."} of ["generator=ab12..."]."""
    hashes: dict[str, str] = {}
    for pair in pairs:
        match = re.fullmatch(r"(generator|encoder|identity|clip)=([0-9a-fA-F]{64})", pair)
        if match is None:
            problem = f"{pair!r}: write generator=, encoder=, identity= or clip= and the 64 digits of a SHA-256"
            raise typer.BadParameter(problem, param_hint="--sha256")
        hashes[match[1]] = match[2]
    return hashes


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
