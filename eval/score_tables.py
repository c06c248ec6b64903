"""Tables of dialogue scores for people: ours beside the paper's (Table 3 and Table 4)."""

from collections.abc import Sequence

from rich.table import Table

from . import paper
from .dialogue_scores import DialogueScores, ResponseScores, spread
from .statistics import RARE, Statistics


def table_3(statistics: Statistics) -> Table:
    """Sizes of a data set beside the paper's."""
    table = Table(title="Table 3: the dialogues", caption=_TABLE_3_NOTE, caption_justify="left")
    table.add_column("")
    table.add_column("ours", justify="right")
    table.add_column("paper", justify="right", style="dim")
    for name, value in statistics.table.items():
        theirs = paper.TABLE_3.get(name)
        table.add_row(name, _count(value), "" if theirs is None else _count(theirs))
    table.add_section()
    table.add_row("combinations of attributes", f"{len(statistics.combinations):,}", "")
    rare, theirs = statistics.rare_share, paper.RARE_COMBINATIONS
    table.add_row(f"share of them that occur less than {RARE} times", f"{100 * rare:.0f} %", f"> {100 * theirs:.0f} %")
    often = sum(count > 500 for count in statistics.attributes.values())
    table.add_row("attributes asked for in more than 500 dialogues", f"{often} of {len(statistics.attributes)}", "most")
    return table


_TABLE_3_NOTE = (
    "Mentioned: distinct values asked for in a dialogue. The paper does not say whether its 6.3 counts "
    "what only the system suggests; the next line does. A combination is the belief state after a turn."
)


def table_4(scores: Sequence[DialogueScores]) -> Table:
    """Tracking and responses beside the paper's three sizes; with several models, their mean and spread as well."""
    table = Table(title="Table 4: tracking and responses", caption=_TABLE_4_NOTE, caption_justify="left")
    table.add_column("model")
    for name in (
        "joint acc.",
        "95 %",
        "F1 pairs",
        "F1 turns",
        "BLEU",
        "Dist-1",
        "Dist-2",
        "D-1/32",
        "D-2/32",
        "illogical",
    ):
        table.add_column(name, justify="right")
    for name, row in paper.TABLE_4.items():
        numbers = (f"{row.bleu:.2f}", f"{row.distinct_1:.3f}", f"{row.distinct_2:.3f}")
        table.add_row(f"paper, {name}", f"{row.joint_accuracy:.2f}", "", "", "", *numbers, "", "", "", style="dim")
    table.add_section()
    for ours in scores:
        low, high = 100 * ours.joint_accuracy.low, 100 * ours.joint_accuracy.high
        tracking = (f"{100 * ours.joint_accuracy.mean:.2f}", f"{low:.1f}-{high:.1f}")
        f1 = (f"{100 * ours.slot_f1.f1:.2f}", f"{100 * ours.slot_f1_by_turn.f1:.2f}")
        table.add_row(ours.name, *tracking, *f1, *_reply_cells(ours.responses))
    if len(scores) > 1:
        table.add_section()
        table.add_row(f"mean of {len(scores)}", *_mean_cells(scores), style="bold")
    return table


_TABLE_4_NOTE = (
    "Percent, but for Distinct-n. 95 %: bootstrap over dialogues. F1 pairs: over all slot-value pairs; F1 turns: "
    "mean over turns. Dist-n: Li et al. 2015, over all replies; D-n/32: mean over groups of 32 replies. The paper "
    "does not say how it groups, so its Distinct-n compares with neither. Illogical: acts that repeat or contradict "
    "the wishes or the photo. The paper's rows are for its own data: another test set."
)


def breakdown(scores: Sequence[DialogueScores]) -> list[Table]:
    """Joint accuracy by turn index and, where the file names kinds, by what the user does."""
    tables = [_by_turn(scores)]
    return [*tables, _by_kind(scores)] if any(ours.by_kind for ours in scores) else tables


def _by_turn(scores: Sequence[DialogueScores]) -> Table:
    table = Table(title="Joint accuracy by turn, %")
    table.add_column("model")
    turns = sorted({turn for ours in scores for turn in ours.by_turn})
    for turn in turns:
        table.add_column(str(turn), justify="right")
    for ours in scores:
        table.add_row(ours.name, *(_percent(ours.by_turn.get(turn)) for turn in turns))
    return table


def _by_kind(scores: Sequence[DialogueScores]) -> Table:
    table = Table(title="Joint accuracy by what the user does, %")
    table.add_column("kind")
    table.add_column("turns", justify="right")
    for ours in scores:
        table.add_column(ours.name, justify="right")
    sizes = {kind: size for ours in scores for kind, (_, size) in ours.by_kind.items()}
    for kind, size in sorted(sizes.items(), key=lambda item: -item[1]):
        cells = (_percent(ours.by_kind[kind][0] if kind in ours.by_kind else None) for ours in scores)
        table.add_row(kind, f"{size:,}", *cells)
    return table


def _reply_cells(replies: ResponseScores | None) -> list[str]:
    if replies is None:
        return ["-"] * 6
    distinct = (replies.distinct_1, replies.distinct_2, replies.distinct_1_in_groups, replies.distinct_2_in_groups)
    illogical = "-" if replies.illogical is None else f"{100 * replies.illogical:.2f}"
    return [f"{replies.bleu:.2f}", *(f"{value:.3f}" for value in distinct), illogical]


def _mean_cells(scores: Sequence[DialogueScores]) -> list[str]:
    def percent(values: list[float]) -> str:
        mean, deviation = spread([100 * value for value in values])
        return f"{mean:.2f} ± {deviation:.2f}"

    replies = [ours.responses for ours in scores if ours.responses]
    cells = [percent([s.joint_accuracy.mean for s in scores]), "", percent([s.slot_f1.f1 for s in scores])]
    cells.append(percent([s.slot_f1_by_turn.f1 for s in scores]))
    if not replies:
        return [*cells, *["-"] * 6]
    cells.append("{:.2f} ± {:.2f}".format(*spread([r.bleu for r in replies])))
    for name in ("distinct_1", "distinct_2", "distinct_1_in_groups", "distinct_2_in_groups"):
        cells.append("{:.3f} ± {:.3f}".format(*spread([getattr(r, name) for r in replies])))
    illogical = [r.illogical for r in replies if r.illogical is not None]
    return [*cells, percent(illogical) if illogical else "-"]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _count(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"
