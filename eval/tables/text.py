"""Tables 3, 4, 5, 6, 10 and 11 as text, the paper's figures in the column behind ours."""

from collections.abc import Mapping

from .. import paper
from ..compare.report_tables import ReportTable
from ..dialogue_scores import spread
from ..paper import ImageScores
from .claims import claims, label, written
from .results import MAIN_METRICS, OWN_METRICS, Results
from .row import MULTI, ROW_NOTES, TALK, TRACKED, TRUTH, UNSEEN, WHOLE, WITHOUT_ID, WITHOUT_L2

Theirs = Mapping[str, ImageScores | None]
_TABLE_5: Theirs = {
    **{f"{way}, {given}": scores for (way, given), scores in paper.TABLE_5.items()},
    TRUTH: None,
}
_TABLE_6: Theirs = {TALK: paper.TABLE_6["Talk-to-Edit"], TRACKED: paper.TABLE_6["ours"]}
_TABLE_10: Theirs = {MULTI: paper.TABLE_10["in domain"], UNSEEN: paper.TABLE_10["out of domain"]}
_TABLE_11: Theirs = {
    WHOLE: paper.TABLE_11["multi-turn"],
    WITHOUT_ID: paper.TABLE_11["without L_id"],
    WITHOUT_L2: paper.TABLE_11["without L2"],
}
_TRUTH = ("fd_truth", "pd_truth")


def all_tables(results: Results) -> list[ReportTable]:
    """All tables that the results fill, in the paper's order, and the claims at the end."""
    named = [
        ("Table 5: single-turn and multi-turn, oracle requests, raw dialogue, tracked requests", _TABLE_5),
        ("Table 6: against a Talk-to-Edit style baseline", _TABLE_6),
        ("Table 10: in and out of domain", _TABLE_10),
        ("Table 11: without L_id, without L2", _TABLE_11),
    ]
    tables = [_table_3(results), _table_4(results)]
    for title, theirs in named:
        tables += [_paper_metrics(results, title, theirs), _own_metrics(results, title, theirs)]
        if theirs is not _TABLE_11:
            tables.append(_by_turn(results, title, theirs))
    tables.insert(-2, _tracking(results))
    return [table for table in (*tables, _claims(results)) if table.rows]


def _table_3(results: Results) -> ReportTable:
    rows = [
        (name, f"{value:,.1f}" if value % 1 else f"{value:,.0f}", f"{paper.TABLE_3[name]:,}")
        for name, value in results.statistics.items()
        if name in paper.TABLE_3
    ]
    return ReportTable("Table 3: the dialogues", "Train, validation and test together.", ("", "ours", "paper"), rows)


def _table_4(results: Results) -> ReportTable:
    rows = []
    for row in results.dialogue:
        shares = (spread([100 * value for value in row.joint_accuracy]), spread(row.bleu))
        ratios = (spread(row.distinct_1), spread(row.distinct_2))
        rows.append((row.name, *(written(one, 2) for one in shares), *(written(one) for one in ratios)))
    if rows:
        rows += [
            (f"paper, {name}", f"{t.joint_accuracy:.3f}", f"{t.bleu:.3f}", f"{t.distinct_1:.3f}", f"{t.distinct_2:.3f}")
            for name, t in paper.TABLE_4.items()
        ]
    count = results.dialogue[0].num_dialogues if results.dialogue else 0
    note = (
        f"On {count:,} dialogues; joint accuracy and BLEU in percent. Mean and spread over models of one size that "
        "were trained with different seeds; where there is one model, over three draws of its wording (its tracking "
        "does not depend on them). The paper's rows are for its own data."
    )
    header = ("model", "joint accuracy", "BLEU", "Distinct-1", "Distinct-2")
    return ReportTable("Table 4: sizes of the dialogue module", note, header, rows)


def _paper_metrics(results: Results, title: str, theirs: Theirs) -> ReportTable:
    rows = []
    for name, scores in theirs.items():
        if name in results.images:
            cells: list[str] = []
            for index, metric in enumerate(MAIN_METRICS):
                cells += [written(results.metric(name, metric)), _paper_cell(scores, index)]
            rows.append((name, *cells))
    names = [f"{label(metric, results.suffix)} {'↑' if up else '↓'}" for metric, up in MAIN_METRICS.items()]
    published = ("FID", "LPIPS", "MinRel", "AvgRel")
    pairs = zip(names, published, strict=True)
    header = ("", *(cell for name, of_paper in pairs for cell in (name, f"paper: {of_paper}")))
    notes = [f"{name}: {ROW_NOTES[name]}." for name in theirs if name in ROW_NOTES and name in results.images]
    over = "mean ± spread over the seeds" if results.has_spread else "of one seed, which has no spread"
    return ReportTable(title, " ".join([*notes, f"After the last turn; {over}."]), header, rows)


def _own_metrics(results: Results, title: str, theirs: Theirs) -> ReportTable:
    names = [*OWN_METRICS, *_TRUTH]
    rows = []
    for name in theirs:
        cells = [results.metric(name, metric) for metric in names]
        if any(cell is not None for cell in cells):
            rows.append((name, *(written(cell) for cell in cells)))
    note = (
        "After the last turn. present: of the values asked for, seen by the reader; complete: pictures that show all "
        "of them; changed: of the values that nobody asked for, not as the renderer drew them in the original; "
        "identity: cosine of the identity features of original and result; to truth: distances from what the "
        "renderer draws for the same person and all that was asked for."
    )
    header = ("", *(label(name, results.suffix) for name in names))
    return ReportTable(f"{title.split(':')[0]}, against the renderer's truth", note, header, rows)


def _by_turn(results: Results, title: str, theirs: Theirs) -> ReportTable:
    rows = []
    for name in theirs:
        seeds = results.images.get(name, ())
        for turn in range(min((len(scores.by_turn) for scores in seeds), default=0)):
            found = [scores.by_turn[turn] for scores in seeds]
            if all(one.present is not None for one in found):
                cells = (written(spread([float(getattr(one, metric)) for one in found])) for metric in OWN_METRICS)
                rows.append((name, str(turn + 1), str(found[0].dialogues), *cells))
    note = "As above, after each turn, over the dialogues that have it."
    return ReportTable(f"{title.split(':')[0]}, by turn", note, ("", "turn", "dialogues", *OWN_METRICS), rows)


def _tracking(results: Results) -> ReportTable:
    theirs = {"in domain": paper.TABLE_4["T5-base"].joint_accuracy, "out of domain": paper.UNSEEN_ACCURACY}
    rows = [
        (name, f"{100 * share:.2f}", f"{theirs[name]:.2f}", f"{count:,}")
        for name, (share, count) in results.tracking.items()
    ]
    note = "Joint accuracy in percent; out of domain by the question format (App. E.1)."
    return ReportTable("Table 10, tracking", note, ("", "ours", "paper", "dialogues"), rows)


def _claims(results: Results) -> ReportTable:
    rows = [(claim.text, "yes" if claim.holds else "no", claim.numbers) for claim in claims(results)]
    if results.images and not results.has_spread:
        rows.insert(0, ("Tables 5, 6 and 11: intervals apart", "not known", "one seed has no interval; use --seeds 3"))
    note = "Computed from the tables above; intervals are mean ± spread over the seeds."
    return ReportTable("What of the paper holds here", note, ("claim", "holds", "numbers"), rows)


def _paper_cell(scores: ImageScores | None, index: int) -> str:
    if scores is None:
        return ""
    value = f"{scores[:4][index]:.3f}"
    return f"{value} ± {scores.spread[index]:.3f}" if scores.spread else value
