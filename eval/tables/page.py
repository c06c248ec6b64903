"""The results page: written by the command, never by hand."""

import os
from collections.abc import Mapping
from pathlib import Path

from ..compare.report_markdown import table_markdown
from .results import Results
from .text import all_tables


def results_page(results: Results, figures: str) -> str:
    """The page in Markdown; `figures` is the folder of the pictures, relative to the page."""
    parts = [
        "# Results",
        "Written by the command below; nothing here is typed by hand. The paper's numbers (Cui et al. 2023) are for "
        "its own data and for photographs of faces; ours are for the pack and the dialogues named here. Where a metric "
        "is not the published one, its name says so.",
        _list(results.source),
        _list(results.settings),
        *(table_markdown(table) for table in all_tables(results)),
    ]
    if results.figures:
        parts.append("## Figures")
        parts += [_figure(name, caption, figures) for name, caption in results.figures.items()]
    return "\n\n".join(parts) + "\n"


def write_page(results: Results, path: Path, figures: Path) -> None:
    """Write the page; the pictures are shown from `figures`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    relative = Path(os.path.relpath(figures, path.parent))
    part = path.with_name(f"{path.name}.part")
    part.write_text(results_page(results, relative.as_posix()), encoding="utf-8")
    part.replace(path)


def _list(pairs: Mapping[str, str]) -> str:
    return "\n".join(f"- {key}: {value}" for key, value in pairs.items())


def _figure(name: str, caption: str, folder: str) -> str:
    if not name.endswith(".png"):
        return f"**{name}**: {caption}"
    return f"**{name.removesuffix('.png')}**: {caption}\n\n![{name.removesuffix('.png')}]({folder}/{name})"
