"""A comparison as Markdown."""

from collections.abc import Mapping, Sequence

from .comparison import Comparison
from .report_tables import ReportTable, examples, state_text, tables


def markdown(comparison: Comparison, title: str, source: Mapping[str, str]) -> str:
    """The whole report; `source` is told at the top."""
    parts = [f"# {title}", f"{comparison.num_dialogues:,} dialogues, {comparison.num_turns:,} turns."]
    parts.append("\n".join(f"- {key}: `{value}`" for key, value in source.items()))
    parts += [table_markdown(table) for table in tables(comparison)]
    for scores in comparison.trackers:
        parts.append(f"## Examples: {scores.name}")
        for kind, turns in examples(scores):
            lines = [f"### {kind}"]
            for turn in turns:
                lines += [
                    f"- {turn.dialogue}, turn {turn.index}",
                    f"  - system: {_inline(turn.system_before) or '(begins)'}",
                    f"  - user: {_inline(turn.user)}",
                    f"  - right: {state_text(turn.gold)}",
                    f"  - tracked: {_inline(turn.measured.tracked.error) or state_text(turn.predicted)}",
                ]
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def table_markdown(table: ReportTable) -> str:
    """A table under its title, with its note."""
    rule = "| --- " + "| ---: " * (len(table.header) - 1) + "|"
    lines = [_row(table.header), rule, *map(_row, table.rows)]
    return "\n".join([f"## {table.title}", "", table.note, "", *lines])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _inline(text: str) -> str:
    """Words of users and models on one line, without Markdown of their own."""
    plain = " ".join(text.split())
    for mark in "\\`*_[]<>#|":
        plain = plain.replace(mark, f"\\{mark}")
    return plain
