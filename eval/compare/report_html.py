"""A comparison as one HTML page that needs nothing else: tables, plots, examples."""

from collections.abc import Mapping
from importlib.resources import files

import jinja2

from .comparison import Comparison
from .plots import plots
from .report_tables import examples, state_text, tables


def html(comparison: Comparison, title: str, source: Mapping[str, str]) -> str:
    """The page; everything that users and models wrote is escaped."""
    template = (files("chatedit.eval.compare") / "report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(template).render(
        title=title,
        source=source,
        comparison=comparison,
        tables=tables(comparison),
        plots=plots(comparison),
        examples=[(scores.name, examples(scores)) for scores in comparison.trackers],
        state_text=state_text,
    )
