"""The page of the blind pairwise comparison: two conversations side by side, four questions (paper, App. C)."""

import io
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from PIL import Image
from pydantic import BaseModel, ConfigDict

from .answers import ANNOTATOR, Answer, AnswerFolder, Answers
from .local_site import local_site, page
from .pairs import Pair
from .study import PLACES, QUESTIONS, Item, Place, items_for

_NAMES = {question.name for question in QUESTIONS}


class Click(BaseModel):
    """An answer as the page sends it: it knows places, not systems."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    question: str
    place: Place


def judging_site(pairs: Sequence[Pair], answers: AnswerFolder, seed: int) -> FastAPI:
    """The app. Nothing that it sends tells which system is which: no names, no file names, no metadata of pictures."""
    app = local_site()

    def items(annotator: str) -> list[Item]:
        if not ANNOTATOR.fullmatch(annotator):
            raise HTTPException(404, "names are letters, digits, - and _, at most 40 of them")
        return items_for(annotator, pairs, seed)

    def item(annotator: str, number: int) -> Item:
        found = items(annotator)
        if not 1 <= number <= len(found):
            raise HTTPException(404, f"there are pairs 1 to {len(found)}")
        return found[number - 1]

    @app.get("/")
    def start(name: str = "") -> Response:
        if ANNOTATOR.fullmatch(name):
            return RedirectResponse(f"/judge/{name}", 303)
        return page("judging_start", name=name, count=len(pairs), pattern=ANNOTATOR.pattern)

    @app.get("/judge/{annotator}")
    def resume(annotator: str) -> Response:
        given = answers.read(annotator) if ANNOTATOR.fullmatch(annotator) else {}
        for number, one in enumerate(items(annotator), 1):
            if _num_open(one, given):
                return RedirectResponse(f"/judge/{annotator}/{number}", 303)
        return page("judging_done", annotator=annotator, count=len(pairs))

    @app.get("/judge/{annotator}/{number}")
    def judge(annotator: str, number: int) -> HTMLResponse:
        shown, given = item(annotator, number), answers.read(annotator)
        chosen = {q.name: _place(shown, q.name, given) for q in QUESTIONS}
        done = sum(not _num_open(one, given) for one in items(annotator))
        return page("judging", annotator=annotator, number=number, count=len(pairs), done=done, places=PLACES,
                    item=shown, questions=QUESTIONS, chosen=chosen)  # fmt: skip

    @app.post("/judge/{annotator}/{number}/answers")
    def answer(annotator: str, number: int, click: Click) -> dict[str, int]:
        shown = item(annotator, number)
        if click.question not in _NAMES:
            raise HTTPException(422, f"there is no question {click.question!r}")
        answers.add(annotator, shown.pair.id, click.question, Answer(shown.choice(click.place), click.place))
        given = answers.read(annotator)
        return {"open": _num_open(shown, given), "done": sum(not _num_open(one, given) for one in items(annotator))}

    @app.get("/judge/{annotator}/{number}/photo.png")
    def photo(annotator: str, number: int) -> Response:
        return _picture(item(annotator, number).pair.photo)

    @app.get("/judge/{annotator}/{number}/{place}-{turn}.png")
    def picture(annotator: str, number: int, place: Place, turn: int) -> Response:
        turns = item(annotator, number).side(place).turns
        if not 1 <= turn <= len(turns):
            raise HTTPException(404, "no such turn")
        return _picture(turns[turn - 1].picture)

    return app


def _num_open(item: Item, given: Answers) -> int:
    return sum((item.pair.id, name) not in given for name in _NAMES)


def _place(item: Item, question: str, given: Answers) -> Place | None:
    answer = given.get((item.pair.id, question))
    return item.place(answer.choice) if answer else None


def _picture(path: Path) -> Response:
    """Pixels only: content credentials or a comment would name the system."""
    png = io.BytesIO()
    with Image.open(path) as picture:
        Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes()).save(png, "PNG")
    return Response(png.getvalue(), media_type="image/png")
