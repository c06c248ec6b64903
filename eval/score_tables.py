"""Tables of dialogue scores for people: ours beside the paper's (Table 3 and Table 4)."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from . import paper
from .dialogue_scores import DialogueScores, spread
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


def tracking_table(scores: Sequence[DialogueScores]) -> Table:
    """Tracking beside the paper's three sizes (Table 4); with several models, their mean and spread as well."""
    table = _table("Table 4, user request tracking, %", _TRACKING_NOTE)
    for name in ("joint acc.", "95 %", "F1 pairs", "F1 turns", "unreadable"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in paper.TABLE_4.items():
        table.add_row(f"paper, {name}", f"{row.joint_accuracy:.3f}", style="dim")
    table.add_row("paper, ChatGPT", f"{paper.CHATGPT_JOINT_ACCURACY:.2f}", style="dim")
    table.add_row("paper, unseen values", f"{paper.UNSEEN_ACCURACY:.2f}", style="dim")
    table.add_section()
    for ours in scores:
        low, high = 100 * ours.joint_accuracy.low, 100 * ours.joint_accuracy.high
        ratios = (f"{100 * ratio:.2f}" for ratio in (ours.slot_f1.f1, ours.slot_f1_by_turn.f1, ours.unreadable))
        table.add_row(ours.name, f"{100 * ours.joint_accuracy.mean:.2f}", f"{low:.1f}-{high:.1f}", *ratios)
    if len(scores) > 1:
        columns = [
            [100 * ours.joint_accuracy.mean for ours in scores],
            [],
            [100 * ours.slot_f1.f1 for ours in scores],
            [100 * ours.slot_f1_by_turn.f1 for ours in scores],
        ]
        _add_means(table, columns, [2, 2, 2, 2])
    return table


_TRACKING_NOTE = (
    "95 %: bootstrap over dialogues. F1 pairs: over all slot-value pairs; F1 turns: mean over turns. "
    "The paper's rows are for its own data: another test set."
)


def response_table(scores: Sequence[DialogueScores]) -> Table:
    """Responses beside the paper's three sizes (Table 4); models without replies are left out."""
    table = _table("Table 4, response generation", _RESPONSE_NOTE)
    for name in ("BLEU", "Dist-1", "Dist-2", "D-1/32", "D-2/32", "illogical", "repaired"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in paper.TABLE_4.items():
        table.add_row(
            f"paper, {name}", f"{row.bleu:.3f}", f"{row.distinct_1:.3f}", f"{row.distinct_2:.3f}", style="dim"
        )
    table.add_section()
    answering = [(ours.name, ours.responses) for ours in scores if ours.responses]
    for name, replies in answering:
        acts = ("-" if share is None else f"{100 * share:.2f} %" for share in (replies.illogical, replies.repaired))
        distinct = (f"{getattr(replies, field):.3f}" for field in _DISTINCT)
        table.add_row(name, f"{replies.bleu:.2f}", *distinct, *acts)
    if len(answering) > 1:
        columns = [[getattr(replies, field) for _, replies in answering] for field in ("bleu", *_DISTINCT)]
        _add_means(table, columns, [2, 3, 3, 3, 3])
    return table


_DISTINCT = ("distinct_1", "distinct_2", "distinct_1_in_groups", "distinct_2_in_groups")
_RESPONSE_NOTE = (
    "Dist-n: Li et al. 2015, over all replies; D-n/32: mean over groups of 32 replies. The paper does not say how it "
    "groups, so its Distinct-n compares with neither. Illogical: acts that repeat or contradict wishes or photo. "
    "Repaired: acts that the policy put in the model's place."
)


def _table(title: str, note: str) -> Table:
    table = Table(title=title, caption=note, caption_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("model", overflow="fold")
    return table


def _add_means(table: Table, columns: Sequence[Sequence[float]], digits: Sequence[int]) -> None:
    """A row of means and one of spreads; a column without values stays empty."""
    spreads = [spread(column) if column else None for column in columns]
    rows = [("mean", [found and found.mean for found in spreads])]
    rows.append(("± over models", [found and found.deviation for found in spreads]))
    table.add_section()
    for name, values in rows:
        pairs = zip(values, digits, strict=True)
        table.add_row(name, *("" if v is None else f"{v:.{n}f}" for v, n in pairs), style="bold")


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


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _count(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"
