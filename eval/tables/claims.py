"""What the paper claims about its tables, held against ours: yes or no, and by how much."""

from collections.abc import Iterator
from typing import NamedTuple

from .. import paper
from ..dialogue_scores import Spread
from .results import MAIN_METRICS, OWN_METRICS, Results, are_apart, is_better
from .row import MULTI, SINGLE, TALK, TRACKED, WHOLE, WITHOUT_ID, WITHOUT_L2


class Claim(NamedTuple):
    """One sentence of the paper, whether it holds here, and the numbers."""

    text: str
    holds: bool
    numbers: str


def claims(results: Results) -> list[Claim]:
    """All claims for which there are rows; those about intervals need two seeds."""
    found = [
        *_beats(results, MULTI, SINGLE, "Table 5: multi-turn beats single-turn, intervals apart"),
        *_within(results, TRACKED, MULTI, "Table 5: tracked requests come within the spread of oracle requests"),
        *_beats(results, TRACKED, TALK, "Table 6: ours beats the Talk-to-Edit style, intervals apart"),
        *_beats(results, WHOLE, WITHOUT_L2, "Table 11: without L2 is worse, intervals apart"),
        *_beats(results, WHOLE, WITHOUT_ID, "Table 11: without L_id is worse, intervals apart"),
    ]
    if "out of domain" in results.tracking:
        accuracy = 100 * results.tracking["out of domain"][0]
        text = f"App. E.1: out-of-domain tracking reaches {paper.UNSEEN_ACCURACY} %"
        found.append(Claim(text, accuracy >= paper.UNSEEN_ACCURACY, f"{accuracy:.2f} %"))
    return found


def _beats(results: Results, one: str, other: str, text: str) -> Iterator[Claim]:
    for name, more_is_better in {**MAIN_METRICS, **OWN_METRICS}.items():
        ours, theirs = results.metric(one, name), results.metric(other, name)
        if ours is not None and theirs is not None and (apart := are_apart(ours, theirs)) is not None:
            holds = is_better(ours, theirs, more_is_better) and apart
            yield Claim(f"{text}: {label(name, results.suffix)}", holds, f"{written(ours)} against {written(theirs)}")


def _within(results: Results, one: str, other: str, text: str) -> Iterator[Claim]:
    for name in MAIN_METRICS:
        ours, theirs = results.metric(one, name), results.metric(other, name)
        if ours is not None and theirs is not None and (apart := are_apart(ours, theirs)) is not None:
            yield Claim(
                f"{text}: {label(name, results.suffix)}", not apart, f"{written(ours)} against {written(theirs)}"
            )


def label(metric: str, suffix: str) -> str:
    """What a table calls a metric; published names only for published metrics."""
    own = {"fd": "FD", "pd": "PD", "min_rel": "MinRel", "avg_rel": "AvgRel"}
    published = {**own, "fd": "FID", "pd": "LPIPS"}
    plain = {"fd_truth": "FD to truth", "pd_truth": "PD to truth"}
    if metric in own:
        return f"{own[metric]}{suffix}" if suffix else published[metric]
    return plain.get(metric, metric)


def written(spread: Spread | None, digits: int = 3) -> str:
    """`0.754 ± 0.009`; `0.754` of a single value."""
    if spread is None:
        return "-"
    mean = f"{spread.mean:.{digits}f}"
    return mean if spread.deviation is None else f"{mean} ± {spread.deviation:.{digits}f}"
