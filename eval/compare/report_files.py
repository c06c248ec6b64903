"""Write a comparison as Markdown, CSV, JSON and HTML."""

import json
from collections.abc import Mapping
from pathlib import Path

from .comparison import Comparison
from .report_html import html
from .report_markdown import markdown
from .report_tables import summary_csv, turns_csv


def write_report(comparison: Comparison, folder: Path, title: str, source: Mapping[str, str]) -> list[Path]:
    """Writes report.md, report.html, report.json, summary.csv and turns.csv; each appears when it is whole."""
    numbers = {"title": title, "source": dict(source)} | comparison.to_json()
    texts = {
        "report.md": markdown(comparison, title, source),
        "report.html": html(comparison, title, source),
        "report.json": json.dumps(numbers, indent=2, ensure_ascii=False) + "\n",
        "summary.csv": summary_csv(comparison),
        "turns.csv": turns_csv(comparison),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        part = folder / f"{name}.part"
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(folder / name)
    return [folder / name for name in texts]
