"""The paper's qualitative figures (2, 6, 10 to 13) as strips: the first dialogue that shows what the figure is about.

No dialogue is picked by hand: a rule says what has to be seen in a picture, the first dialogue of the file that fits is
drawn, and the caption tells how many fit, and how many would show the opposite.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from ...tools.picture_strip import Tile, strip_png
from .experiment import Edited
from .row import DIAL, MULTI, SINGLE, TALK, TRACKED
from .scores import Seen
from .talk_to_edit import replies

Rows = Mapping[str, Edited]
Responses = Sequence[Sequence[str]]


class Figure(NamedTuple):
    """A figure of the paper.

    Attributes:
        name: of its file, without ending.
        title: what the paper's figure shows.
        worse, better: the rows that it compares.
        shows: rows of the worse and the better way, what was seen turn by turn -> whether they show it.
        rule: `shows`, in words.
    """

    name: str
    title: str
    worse: str
    better: str
    shows: Callable[[Sequence[Seen], Sequence[Seen]], bool]
    rule: str


def forgets(worse: Sequence[Seen], better: Sequence[Seen]) -> bool:
    """A value was there after some turn, is still asked for, and is gone at the end; the better way shows it."""
    once = {value for seen in worse[:-1] for value in seen.wanted - seen.missing}
    return bool((once & worse[-1].missing) - better[-1].missing)


def accumulates(worse: Sequence[Seen], better: Sequence[Seen]) -> bool:
    """At the end more values that nobody asked for have changed than the better way changed."""
    return len(worse[-1].changed) > len(better[-1].changed)


def errs_more(worse: Sequence[Seen], better: Sequence[Seen]) -> bool:
    """At the end more is wrong: missing and changed values together."""
    return _wrong(worse[-1]) > _wrong(better[-1])


def ignores(worse: Sequence[Seen], better: Sequence[Seen]) -> bool:
    """At the end more values that were asked for are missing."""
    return len(worse[-1].missing) > len(better[-1].missing)


_FORGETS = "a value that was there after an earlier turn, and is still asked for, is gone at the end; below it is there"
_CHANGES = "at the end more values that nobody asked for have changed than below"
_ERRS = "at the end more values are missing or changed unasked than below"
FIGURES: tuple[Figure, ...] = (
    Figure("figure-2", "repeated single-turn editing and multi-turn editing", SINGLE, MULTI, accumulates, _CHANGES),
    Figure("figure-6a", "Talk-to-Edit forgets", TALK, TRACKED, forgets, _FORGETS),
    Figure("figure-6b", "Talk-to-Edit accumulates errors", TALK, TRACKED, accumulates, _CHANGES),
    Figure("figure-10a", "single-turn editing forgets", SINGLE, MULTI, forgets, _FORGETS),
    Figure("figure-10b", "single-turn editing accumulates errors", SINGLE, MULTI, errs_more, _ERRS),
    Figure("figure-11", "oracle single-turn and tracked multi-turn", SINGLE, TRACKED, accumulates, _CHANGES),
    Figure("figure-12", "the same, another case", SINGLE, TRACKED, errs_more, _ERRS),
    Figure(
        "figure-13",
        "raw dialogue and tracked requests",
        DIAL,
        TRACKED,
        ignores,
        "at the end more values that were asked for are missing than below",
    ),
)


def draw_figures(rows: Rows, responses: Responses, folder: Path) -> dict[str, str]:
    """Draw every figure that some dialogue shows; file name -> caption, with the counts for those that none shows, too.

    Args:
        rows: outcomes of one seed.
        responses: of our own system, one a turn of each dialogue.
        folder: made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    captions, drawn = {}, set()
    for figure in FIGURES:
        if figure.worse not in rows or figure.better not in rows:
            continue
        fitting = list(_fitting(figure, rows))
        reverse = list(_fitting(figure._replace(worse=figure.better, better=figure.worse), rows))
        counts = f"{len(fitting)} of {len(rows[figure.better].cases)} dialogues fit, {len(reverse)} show the opposite"
        caption = f"{figure.title}: above {figure.worse}, below {figure.better}. Rule: {figure.rule}; {counts}."
        index = next((index for index in fitting if (index, figure.worse) not in drawn), None)
        name = f"{figure.name}.png"
        if index is None:
            (folder / name).unlink(missing_ok=True)
            captions[f"{figure.name} (no picture)"] = caption
            continue
        drawn.add((index, figure.worse))
        said = responses if TALK in (figure.worse, figure.better) else None
        (folder / name).write_bytes(_draw(figure, rows, index, said))
        captions[name] = (
            f"{caption} Drawn: the first that no figure before shows, {rows[figure.better].cases[index].dialogue.id}."
        )
    return captions


def _fitting(figure: Figure, rows: Rows) -> Iterator[int]:
    """Dialogues that show what the figure is about, in the order of the file."""
    pairs = zip(rows[figure.worse].seen, rows[figure.better].seen, strict=True)
    for index, (worse, better) in enumerate(pairs):
        known = [one for one in worse if one is not None], [one for one in better if one is not None]
        if len(known[0]) == len(worse) > 1 and len(known[1]) == len(better) and figure.shows(*known):
            yield index


def _draw(figure: Figure, rows: Rows, index: int, responses: Responses | None) -> bytes:
    """Both ways as rows of pictures; with replies in the tables' words where the figure compares systems."""
    return _stacked([_row(rows[name], name, index, responses) for name in (figure.worse, figure.better)])


def _row(edited: Edited, name: str, index: int, responses: Responses | None) -> bytes:
    case, turns = edited.cases[index], edited.cases[index].dialogue.turns
    tiles = [Tile(case.picture, f"{name}: the original")]
    said = _said(edited, name, index, responses)
    for turn, (picture, seen, reply) in enumerate(zip(edited.pictures[index], edited.seen[index], said, strict=True)):
        words = reply or turns[turn].user
        tiles.append(Tile(picture, words if turn + 1 < len(turns) else f"[{_judged(seen)}] {words}"))
    return strip_png(tiles)


def _said(edited: Edited, name: str, index: int, responses: Responses | None) -> Sequence[str]:
    """What stands above the pictures: what the system replied, or else the user's words."""
    if responses is None:
        return [""] * len(edited.pictures[index])
    return replies(edited.states[index], index) if name == TALK else responses[index]


def _judged(seen: Seen | None) -> str:
    if seen is None:
        return ""
    groups = (("missing", seen.missing), ("changed", seen.changed))
    parts = [f"{name}: {', '.join(sorted(values))}" for name, values in groups if values]
    return "; ".join(parts) or "all there"


def _wrong(seen: Seen) -> int:
    return len(seen.missing) + len(seen.changed)


def _stacked(rows: Sequence[bytes]) -> bytes:
    pictures = [Image.open(io.BytesIO(row)).convert("RGB") for row in rows]
    both = Image.new("RGB", (max(row.width for row in pictures), sum(row.height for row in pictures)), "white")
    top = 0
    for row in pictures:
        both.paste(row, (0, top))
        top += row.height
    buffer = io.BytesIO()
    both.save(buffer, format="PNG")
    return buffer.getvalue()
