"""`chatedit eval turns`: multi-turn against single-turn editing, as the paper's Table 5 and Figure 2."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..editing.terminal import told

if TYPE_CHECKING:  # torch takes seconds to import
    from .turn_comparison import TurnComparison

console = Console()


def turns(
    pack: Annotated[str, typer.Option(help="Name of a pack of illustrated portraits, or its folder.")] = "portraits",
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Portraits, each with four turns.")] = 50,
    preset: Annotated[str | None, typer.Option(help="full, fast, paper; the pack's default where absent.")] = None,
    seed: Annotated[int, typer.Option(help="Of the portraits and what is asked for.")] = 0,
    strips: Annotated[Path | None, typer.Option(help="Folder to draw the conversations into.")] = None,
    num_strips: Annotated[int, typer.Option(min=1, help="How many of them.")] = 6,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Edit the original towards everything asked so far, or the last result towards the newest wish: compare."""
    import torch

    from ..editing.pack import load_pack
    from .turn_comparison import NUM_TURNS, compare_turns, sample_conversations

    torch.set_num_threads(threads)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with told(), Progress(*columns, console=Console(stderr=True)) as progress:
        loaded = load_pack(pack)
        chosen = loaded.preset(preset)
        conversations, pictures = sample_conversations(loaded, count, seed)
        bar = progress.add_task("turns, both ways", total=2 * NUM_TURNS)
        comparison = compare_turns(loaded, chosen, conversations, pictures, lambda: progress.advance(bar))
    console.print(turns_table(comparison, chosen.name))
    if strips is not None:
        for number in range(min(num_strips, count)):
            write_conversation(comparison, number, strips / f"conversation-{number + 1}.png")
        console.print(f"strips in {strips}")


def turns_table(comparison: "TurnComparison", preset: str) -> Table:
    """Both ways after each turn, judged by the whole belief state and the original."""
    count = len(comparison.conversations)
    table = Table(title=f"Table 5 on illustrated portraits: {count} conversations, preset {preset}")
    for name in ("editing", "turn", "present", "all present", "changed", "identity", "to the photo", "background"):
        table.add_column(name, justify="left" if name == "editing" else "right")
    for way, qualities in comparison.quality.items():
        for turn, quality in enumerate(qualities, start=1):
            identities = (quality.identity, quality.identity_to_photo)
            shares = (quality.present, quality.complete, quality.changed, *identities, quality.background)
            table.add_row(way, str(turn), *("-" if share is None else f"{share:.3f}" for share in shares))
        table.add_section()
    return table


def write_conversation(comparison: "TurnComparison", number: int, path: Path) -> None:
    """One conversation as two rows of pictures: multi-turn above, single-turn below."""
    from PIL import Image

    from ..editing.image_file import to_png
    from ..tools.picture_strip import Tile, write_strip

    wishes = comparison.conversations[number].wishes
    rows = []
    for way, results in comparison.results.items():
        tiles = [Tile(to_png(comparison.pictures[number]), f"{way}: the original")]
        tiles += [Tile(to_png(results[turn, number]), f"+ {', '.join(wish)}") for turn, wish in enumerate(wishes)]
        row = path.with_name(f"{path.stem}-{way}.png")
        write_strip(tiles, row)
        with Image.open(row) as picture:
            rows.append(picture.convert("RGB"))
        row.unlink()
    both = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        both.paste(row, (0, top))
        top += row.height
    both.save(path)
