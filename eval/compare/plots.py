"""The plots of the report, as SVG."""

import io
from collections.abc import Callable, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .comparison import Comparison, TrackerScores
from .error_classes import CLASSES

_COLORS = ("#2c4f7c", "#e07a5f", "#6aa984", "#f2b84b", "#b57edc", "#6b7280", "#d1495b", "#00798c", "#8d6a9f", "#a3b18a")


def plots(comparison: Comparison) -> dict[str, str]:
    """Title -> SVG, in the order in which they are shown."""
    trackers = comparison.trackers
    height = 1.2 + 0.45 * len(trackers)
    drawn = {
        "Joint accuracy, with 95 % intervals": _svg(_accuracy, trackers, (8, height)),
        "Joint accuracy by turn": _svg(_by_turn, trackers, (8, 4)),
        "Joint accuracy by kind of turn": _svg(_by_kind, trackers, (8, 5.5)),
        "Errors made, by class": _svg(_errors, trackers, (8, height + 0.6)),
    }
    if any(scores.cost.p50_ms for scores in trackers):
        drawn["Latency of a turn: median and 95th percentile"] = _svg(_latency, trackers, (8, height))
    return drawn


def _accuracy(axes: Axes, trackers: Sequence[TrackerScores]) -> None:
    for place, scores in enumerate(trackers):
        mean, low, high = (100 * x for x in scores.joint_accuracy)
        axes.errorbar(mean, place, xerr=[[mean - low], [high - mean]], fmt="o", color=_color(place), capsize=4)
        axes.annotate(f"{mean:.1f}", (mean, place), (0, 7), textcoords="offset points", ha="center", fontsize=9)
    _name_rows(axes, trackers)
    axes.set_xlim(0, 100)
    axes.set_xlabel("turns with the whole state right, %")


def _by_turn(axes: Axes, trackers: Sequence[TrackerScores]) -> None:
    for place, scores in enumerate(trackers):
        turns = list(scores.by_turn)
        axes.plot(turns, [100 * scores.by_turn[t][0] for t in turns], "o-", color=_color(place), label=scores.name)
    axes.set_xticks(sorted({turn for scores in trackers for turn in scores.by_turn}))
    axes.set_xlabel("turn of the dialogue")
    axes.set_ylabel("%")
    axes.set_ylim(0, 100)
    axes.legend(frameon=False, fontsize=8)


def _by_kind(axes: Axes, trackers: Sequence[TrackerScores]) -> None:
    kinds = list(dict.fromkeys(kind for scores in trackers for kind in scores.by_kind))
    thick = 0.8 / len(trackers)
    for place, scores in enumerate(trackers):
        rows = [index + place * thick for index in range(len(kinds))]
        widths = [100 * scores.by_kind[kind][0] for kind in kinds]
        axes.barh(rows, widths, thick, color=_color(place), label=scores.name, align="edge")
    axes.set_yticks([index + 0.4 for index in range(len(kinds))], kinds, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("%")
    axes.legend(frameon=False, fontsize=8)


def _errors(axes: Axes, trackers: Sequence[TrackerScores]) -> None:
    left = [0] * len(trackers)
    for index, kind in enumerate(CLASSES):
        counts = [scores.errors.get(kind, 0) for scores in trackers]
        if any(counts):
            axes.barh(range(len(trackers)), counts, left=left, color=_color(index), label=kind)
            left = [a + b for a, b in zip(left, counts, strict=True)]
    _name_rows(axes, trackers)
    axes.set_xlabel("errors")
    if any(left):
        axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def _latency(axes: Axes, trackers: Sequence[TrackerScores]) -> None:
    for place, scores in enumerate(trackers):
        if scores.cost.p50_ms and scores.cost.p95_ms:
            axes.plot([scores.cost.p50_ms, scores.cost.p95_ms], [place, place], "-", color=_color(place))
            axes.plot(scores.cost.p50_ms, place, "o", color=_color(place))
            axes.plot(scores.cost.p95_ms, place, "|", color=_color(place), markersize=12)
    _name_rows(axes, trackers)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("milliseconds (log)")


def _name_rows(axes: Axes, trackers: Sequence[TrackerScores]) -> None:
    axes.set_yticks(range(len(trackers)), [scores.name for scores in trackers], fontsize=9)
    axes.set_ylim(len(trackers) - 0.4, -0.6)


def _svg(
    draw: Callable[[Axes, Sequence[TrackerScores]], None], trackers: Sequence[TrackerScores], size: tuple[float, float]
) -> str:
    """A drawing as an `<svg>` element; the same numbers give the same bytes."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes, trackers)
    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "chatedit", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _color(index: int) -> str:
    return _COLORS[index % len(_COLORS)]
