"""Fig. 3 and Fig. 4 of the paper, drawn for a data set of ours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve

from ..dialogue.ontology import OPEN_ONTOLOGY
from .statistics import RARE, Statistics

_COLORS = {
    "start": "#6b7280",
    "expression": "#e07a5f",
    "hair color": "#f2b84b",
    "hair": "#6aa984",
    "makeup": "#b57edc",
    "nothing": "#c7cbd1",
    "next": "#4c78a8",
    "request": "#72a7cf",
    "suggest": "#2c4f7c",
}
_ORDER = tuple(_COLORS)
_BLOCK, _GAP = 0.10, 0.022  # width of a block and space between blocks, in units of a column and of its height
_DPI = 160


def draw_attributes(statistics: Statistics, path: Path) -> None:
    """Fig. 3: how many dialogues ask for each attribute (left), how often combinations occur (right)."""
    figure = Figure(figsize=(12, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _attribute_bars(left, statistics.attributes)
    _combination_bars(right, statistics)
    figure.savefig(path, dpi=_DPI)


def _attribute_bars(axes: Axes, counts: Mapping[str, int]) -> None:
    slots = [(slot, value) for slot, values in OPEN_ONTOLOGY.slots.items() for value in values if counts.get(value)]
    ranked = sorted(slots, key=lambda pair: counts[pair[1]])
    axes.barh([value for _, value in ranked], [counts[v] for _, v in ranked], color=[_COLORS[s] for s, _ in ranked])
    for place, (_, value) in enumerate(ranked):
        axes.text(counts[value], place, f" {counts[value]:,}", va="center", fontsize=8, color="#444")
    for slot in dict.fromkeys(slot for slot, _ in slots):
        axes.barh([0], [0], color=_COLORS[slot], label=slot)
    axes.legend(loc="lower right", frameon=False, title="slot")
    axes.set_title("Attributes", loc="left", fontweight="bold")
    axes.set_xlabel("dialogues that ask for it")
    axes.margins(x=0.08, y=0.01)
    _plain(axes)


def _combination_bars(axes: Axes, statistics: Statistics) -> None:
    bins = ((1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, None))
    total = max(1, len(statistics.combinations))
    shares = [
        sum(low <= count and (high is None or count <= high) for count in statistics.combinations.values()) / total
        for low, high in bins
    ]
    labels = [str(low) if low == high else f"{low}+" if high is None else f"{low}-{high}" for low, high in bins]
    colors = ["#2c4f7c" if low < RARE else "#a9c4de" for low, _ in bins]
    bars = axes.bar(labels, [100 * share for share in shares], color=colors)
    axes.bar_label(bars, [f"{100 * share:.0f} %" if share >= 0.01 else "" for share in shares], fontsize=9)
    axes.set_title("Combinations of attributes", loc="left", fontweight="bold")
    axes.set_xlabel("turns in which a combination occurs")
    axes.set_ylabel("share of combinations, %")
    rare = f"{100 * statistics.rare_share:.0f} % occur less than {RARE} times"
    note = f"{len(statistics.combinations):,} combinations,\n{rare}"
    axes.text(0.97, 0.93, note, transform=axes.transAxes, ha="right", va="top", color="#333")
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)


def draw_flow(columns: Sequence[Counter[tuple[str, str]]], path: Path) -> None:
    """Fig. 4: which slot or act follows which, as bands between columns; heights are shares of the dialogues."""
    figure = Figure(figsize=(13, 6), layout="constrained")
    axes = figure.subplots()
    total = sum(columns[0].values())
    height = 1.0 + _GAP * len(_ORDER)
    heights = [_outgoing(columns[0], total), *(_incoming(column, total) for column in columns)]
    places = [_stacked(blocks, height) for blocks in heights]
    for index, column in enumerate(columns):
        _bands(axes, index, column, total, places[index], places[index + 1])
    for index, (blocks, bottoms) in enumerate(zip(heights, places, strict=True)):
        _blocks(axes, index, blocks, bottoms)
    names = ["Start", *(f"{who}-{turn + 1}" for turn in range(len(columns) // 2) for who in ("User", "System"))]
    for index, name in enumerate(names):
        axes.text(index + _BLOCK / 2, height + 0.03, name, ha="center", fontweight="bold")
    axes.set_xlim(-0.05, len(columns) + 0.6)
    axes.set_ylim(-0.02, height + 0.09)
    axes.axis("off")
    figure.savefig(path, dpi=_DPI)


def _outgoing(column: Counter[tuple[str, str]], total: int) -> dict[str, float]:
    return {name: sum(n for (a, _), n in column.items() if a == name) / total for name in _ORDER}


def _incoming(column: Counter[tuple[str, str]], total: int) -> dict[str, float]:
    return {name: sum(n for (_, b), n in column.items() if b == name) / total for name in _ORDER}


def _stacked(blocks: Mapping[str, float], height: float) -> dict[str, float]:
    """Bottom of each block, stacked from the top and centred in the column."""
    shown = [name for name in _ORDER if blocks[name]]
    used = sum(blocks[name] for name in shown) + _GAP * (len(shown) - 1)
    top = (height + used) / 2
    bottoms = {}
    for name in shown:
        bottoms[name] = top - blocks[name]
        top = bottoms[name] - _GAP
    return bottoms


def _bands(
    axes: Axes,
    index: int,
    column: Counter[tuple[str, str]],
    total: int,
    left: Mapping[str, float],
    right: Mapping[str, float],
) -> None:
    tops_left = {name: bottom + _outgoing(column, total)[name] for name, bottom in left.items()}
    tops_right = {name: bottom + _incoming(column, total)[name] for name, bottom in right.items()}
    x0, x1 = index + _BLOCK, index + 1.0
    for one, other in sorted(column, key=lambda pair: (_ORDER.index(pair[0]), _ORDER.index(pair[1]))):
        share = column[one, other] / total
        y0, y1 = tops_left[one], tops_right[other]
        tops_left[one] -= share
        tops_right[other] -= share
        middle = (x0 + x1) / 2
        corners = [(x0, y0), (middle, y0), (middle, y1), (x1, y1), (x1, y1 - share), (middle, y1 - share),
                   (middle, y0 - share), (x0, y0 - share), (x0, y0)]  # fmt: skip
        codes = [Curve.MOVETO, *[Curve.CURVE4] * 3, Curve.LINETO, *[Curve.CURVE4] * 3, Curve.CLOSEPOLY]
        axes.add_patch(PathPatch(Curve(corners, codes), facecolor=_COLORS[one], alpha=0.35, linewidth=0))


def _blocks(axes: Axes, index: int, blocks: Mapping[str, float], bottoms: Mapping[str, float]) -> None:
    for name, bottom in bottoms.items():
        axes.bar(index + _BLOCK / 2, blocks[name], _BLOCK, bottom, color=_COLORS[name])
        if blocks[name] > 0.015:
            label = f"{name}\n{100 * blocks[name]:.0f} %"
            axes.text(index + _BLOCK + 0.03, bottom + blocks[name] / 2, label, va="center", fontsize=8, color="#222")
