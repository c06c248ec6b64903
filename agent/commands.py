"""Commands of the agent: `chatedit chat` and `chatedit run`."""

import shlex
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:  # LangGraph and torch take seconds to import
    from ..tools.samples import Sample
    from .assembly import Agent

PackName = Annotated[str, typer.Option("--pack", help="Name of a model pack, or its folder.")]
DialogueName = Annotated[
    str | None, typer.Option("--dialogue", help="Folder or hub id of a dialogue model; the embedded one where absent.")
]
Home = Annotated[
    Path | None, typer.Option("--home", help="Where threads and pictures are kept; ~/.local/share/chatedit.")
]
ThreadsDsn = Annotated[
    str | None, typer.Option("--threads", help="postgresql://... to keep threads there instead of in SQLite.")
]
PresetName = Annotated[str | None, typer.Option("--preset", help="How to edit: fast, full, ... (the pack names them).")]
SecondName = Annotated[
    str | None,
    typer.Option("--second", help="Record another tracker beside it: keywords, llm-state:MODEL (see the docs)."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Samples the wording of replies; always the same if absent.")]
Device = Annotated[str, typer.Option("--device", help="Where to edit: cpu or cuda.")]
Timeout = Annotated[float | None, typer.Option("--timeout", min=1.0, help="Seconds that one edit may take; 60.")]
PACK = "portraits"

console = Console()


def chat(
    image: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A portrait; absent: choose one that ships.")
    ] = None,
    portrait: Annotated[int | None, typer.Option(min=1, help="Take this one of the shipped portraits.")] = None,
    thread: Annotated[str | None, typer.Option(help="Go on with this conversation.")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the pictures.")] = Path("chatedit-pictures"),
    show: Annotated[bool | None, typer.Option("--show/--no-show", help="Draw pictures in the terminal.")] = None,
    pack: PackName = PACK,
    dialogue: DialogueName = None,
    home: Home = None,
    threads: ThreadsDsn = None,
    preset: PresetName = None,
    seed: Seed = None,
    second: SecondName = None,
    device: Device = "cpu",
    timeout: Timeout = None,
) -> None:
    """Edit a face by talking. Lines may also be piped in, one a turn."""
    from .assembly import default_home, open_agent
    from .chat import Chat

    is_interactive = sys.stdin.isatty()
    with _told():
        with console.status("loading the models ..."):
            place = home or default_home()
            opening = open_agent(place, pack, dialogue, threads, preset, seed, second, device, timeout)
            agent = opening.__enter__()
        try:
            name = thread or f"chat-{uuid.uuid4().hex[:8]}"
            if not _is_open(agent, name):
                _open(agent, name, image, portrait, pack, is_interactive)
            elif image is not None or portrait is not None:
                raise typer.BadParameter(f"the conversation {name!r} has its photo already: it goes on without another")
            is_shown = console.is_terminal if show is None else show
            talk = Chat(agent, name, console, out, is_shown)
            talk.greet()
            while (line := _next_line(is_interactive)) is not None and talk.read(line):
                pass
            talk.leave()
            again = _command(name, home, pack, dialogue, threads)
            console.print(f"[dim]go on another time with: {escape(again)}[/]", soft_wrap=True)
        finally:
            opening.__exit__(None, None, None)


def run(
    script: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Dialogues, one a line (JSON Lines).")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for results and strips.")] = Path("chatedit-run"),
    limit: Annotated[int | None, typer.Option("-n", "--limit", min=1, help="Only the first N dialogues.")] = None,
    pack: PackName = PACK,
    dialogue: DialogueName = None,
    preset: PresetName = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the portraits that are drawn where a line names none.")] = 0,
    device: Device = "cpu",
    timeout: Timeout = None,
) -> None:
    """Play whole dialogues unattended: a strip for each, states, replies and measures as JSON Lines, and a summary.

    A line may name its photo as "image" (a path relative to the file); otherwise an illustrated portrait is drawn from
    its attributes. System turns in the file are ignored: the agent answers for itself. A dialogue whose picture is
    refused is an "error" in the results; the others are played, and the exit status is 1.
    """
    import json

    from rich.progress import track

    from ..tools.errors import EditError
    from ..tools.picture_reader import load_picture_reader
    from .assembly import open_agent
    from .script_run import play, read_scripts, refused, summary

    with _told():
        scripts = read_scripts(script)[:limit]
        results = []
        out.mkdir(parents=True, exist_ok=True)
        with open_agent(out / "home", pack, dialogue, preset=preset, device=device, timeout_s=timeout) as agent:
            read = load_picture_reader(pack)
            run_id = uuid.uuid4().hex[:8]
            with (out / "results.jsonl").open("w", encoding="utf-8") as lines:
                for number, one in enumerate(track(scripts, "dialogues", console=Console(stderr=True))):
                    try:
                        result = play(agent, one, f"{run_id}-{number}", out, read, seed)
                    except EditError as error:
                        result = refused(one, error)
                        console.print(f"[yellow]{escape(one.dialogue.id)}: {escape(str(error))}[/]")
                    lines.write(json.dumps(result, ensure_ascii=False) + "\n")
                    lines.flush()
                    results.append(result)
        numbers = summary(scripts, results)
        (out / "summary.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
        table = Table("measure", "value")
        for measure, value in numbers.items():
            table.add_row(measure, "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value))
        console.print(table)
        console.print(f"{out / 'results.jsonl'}, {out / 'summary.json'}, {out / 'strips'}", markup=False)
        if numbers["refused"]:
            raise typer.Exit(1)


def _open(agent: "Agent", name: str, image: Path | None, portrait: int | None, pack: str, is_interactive: bool) -> None:
    """Start a thread with the user's picture, or with one that ships."""
    from ..tools.photo import admit_photo
    from ..tools.samples import shipped_samples

    if image is not None:
        photo = admit_photo(agent.editor, agent.store, image.read_bytes())
    else:
        samples = shipped_samples(pack)
        if not samples:
            raise typer.BadParameter(f"the pack {pack!r} ships no portraits: give a picture, chatedit chat IMAGE")
        sample = samples[_choice(samples, portrait, is_interactive) - 1]
        console.print(f"{sample.name}: {', '.join(sample.attributes)}", markup=False)
        data = sample.path.read_bytes()
        photo = admit_photo(agent.editor, agent.store, data, sample.caption, sample.attributes)
    agent.talk.open(name, photo)


def _choice(samples: "list[Sample]", portrait: int | None, is_interactive: bool) -> int:
    if portrait is not None:
        if portrait > len(samples):
            raise typer.BadParameter(f"there are {len(samples)} portraits", param_hint="--portrait")
        return portrait
    if not is_interactive:
        return 1
    for number, sample in enumerate(samples, 1):
        console.print(f"{number}  {sample.name}: {', '.join(sample.attributes)}", markup=False)
    return typer.prompt("Which portrait", default=1, type=typer.IntRange(1, len(samples)))  # type: ignore[attr-defined]


def _command(thread: str, home: Path | None, pack: str, dialogue: str | None, threads: str | None) -> str:
    """What opens a conversation again; a DSN may hold a password, so it is not spelled out."""
    options = {
        "--thread": thread,
        "--home": home,
        "--pack": None if pack == PACK else pack,
        "--dialogue": dialogue,
        "--threads": threads and "DSN",
    }
    return shlex.join(["chatedit", "chat", *(str(word) for pair in options.items() if pair[1] for word in pair)])


def _is_open(agent: "Agent", name: str) -> bool:
    from .errors import UnknownThread

    try:
        agent.talk.state(name)
    except UnknownThread:
        return False
    return True


def _next_line(is_interactive: bool) -> str | None:
    """What the user types; None at the end of the input."""
    try:
        line = console.input("[bold green]you>[/] " if is_interactive else "")
    except (EOFError, KeyboardInterrupt):
        return None
    if not is_interactive:
        console.print(f"[bold green]you>[/] {escape(line)}")
    return line


@contextmanager
def _told() -> Iterator[None]:
    """Say what is wrong in one line instead of a traceback, and exit with 1."""
    from ..dialogue.errors import DialogueError
    from ..tools.errors import EditError
    from .errors import AgentError

    try:
        yield
    except (AgentError, DialogueError, EditError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
