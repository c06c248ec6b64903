"""The review page (paper, Fig. 9): people check the turns of a dialogue, and correct words, acts and states."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from ...dialogue import belief_state
from ...dialogue.belief_state import BeliefState
from ...dialogue.dialogue_file import Dialogue, dialogue_to_json
from ...dialogue.errors import DialogueError
from ...dialogue.ontology import ONTOLOGY
from ..errors import ReviewRefused
from .local_site import local_site, page
from .review_table import MARKS, Mark, ReviewTable, TurnView

PAGE_SIZE = 50
ACTS = (
    "next",
    *(f"request {slot}" for slot in ONTOLOGY.slots),
    *(f"suggest {value}" for value in ONTOLOGY.values),
)


class Wish(BaseModel):
    """A value that the state after the turn should hold, or not."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    slot: str
    value: str
    is_wanted: bool


class Revision(BaseModel):
    """One change of one turn, as the page sends it: exactly one field is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    mark: Mark | None = None
    user: str | None = Field(None, max_length=2_000)
    system: str | None = Field(None, max_length=2_000)
    act: str | None = None
    wish: Wish | None = None


def review_site(table: ReviewTable) -> FastAPI:
    """The app; whatever is done on its pages is in the table before they say so."""
    app = local_site()
    count = len(table.dialogues)

    def index_of(number: int) -> int:
        if not 1 <= number <= count:
            raise HTTPException(404, f"there are dialogues 1 to {count}")
        return number - 1

    @app.get("/")
    def overview(first: int = 1) -> HTMLResponse:
        states = [table.status(index) for index in range(count)]
        first = max(1, min(first, count))
        shown = [
            (number, table.dialogues[number - 1], states[number - 1])
            for number in range(first, min(first + PAGE_SIZE, count + 1))
        ]
        todo = next((number for number, state in enumerate(states, 1) if state != "done"), 0)
        return page("review_list", shown=shown, count=count, done=states.count("done"), todo=todo, first=first,
                    size=PAGE_SIZE)  # fmt: skip

    @app.get("/next/{number}")
    def following(number: int) -> Response:
        """The next dialogue after `number` that is not done."""
        order = [*range(number, count), *range(min(number, count))]
        todo = next((index for index in order if table.status(index) != "done"), None)
        return RedirectResponse("/" if todo is None else f"/dialogues/{todo + 1}", 303)

    @app.get("/dialogues/{number}")
    def dialogue(number: int) -> HTMLResponse:
        index = index_of(number)
        shown, turns = table.dialogues[index], table.turns(index)
        return page("review", number=number, count=count, dialogue=shown, turns=turns, acts=_acts(turns),
                    slots=_slots(shown, turns), marks=MARKS, to_text=belief_state.to_text)  # fmt: skip

    @app.post("/dialogues/{number}/turns/{turn}")
    def revise(number: int, turn: int, revision: Revision) -> dict[str, Any]:
        index = index_of(number)
        if not 1 <= turn <= len(table.dialogues[index].turns):
            raise HTTPException(404, "no such turn")
        given = revision.model_dump(exclude_none=True)
        if len(given) != 1:
            raise HTTPException(422, "one change at a time")
        try:
            _revise(table, index, turn, revision)
        except DialogueError as error:
            raise HTTPException(422, str(error)) from error
        return {"status": table.status(index), "turns": [_turn_json(view) for view in table.turns(index)]}

    @app.get("/review.csv")
    def download_table() -> Response:
        return _file("\ufeff" + table.table(), "text/csv", "review.csv")

    @app.get("/reviewed.jsonl")
    def download_dialogues() -> Response:
        try:
            records = [dialogue_to_json(mended) for mended in table.reviewed()]
        except ReviewRefused as error:
            raise HTTPException(409, str(error)) from error
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        return _file(lines, "application/jsonl", "reviewed.jsonl")

    return app


def _revise(table: ReviewTable, index: int, turn: int, revision: Revision) -> None:
    if revision.mark is not None:
        table.mark(index, turn, revision.mark)
    elif revision.wish is not None:
        wish = revision.wish
        table.want(index, turn, wish.slot, wish.value, wish.is_wanted)
    for name in ("user", "system", "act"):
        text = getattr(revision, name)
        if text is not None:
            table.revise(index, turn, f"revised {name}", text)


def _acts(turns: Sequence[TurnView]) -> list[str]:
    """All acts, also those of this dialogue that are about values outside the ontology."""
    return [*ACTS, *dict.fromkeys(t.act for t in turns if t.act and t.act not in ACTS)]


def _slots(dialogue: Dialogue, turns: Sequence[TurnView]) -> dict[str, list[str]]:
    """Slot -> values to choose from: the ontology's, and what else this dialogue holds."""
    states: list[BeliefState] = [view.state for view in turns]
    states += [turn.state for turn in dialogue.turns if turn.state is not None]
    extra = dict.fromkeys(pair for state in states for pair in belief_state.pairs(state))
    return {
        slot: [*listed, *(v for s, v in extra if s == slot and v not in listed)]
        for slot, listed in ONTOLOGY.slots.items()
    }


def _turn_json(view: TurnView) -> dict[str, Any]:
    return {
        "mark": view.mark,
        "changes": view.changes,
        "state": belief_state.to_text(view.state),
        "values": [f"{slot}: {value}" for slot, value in belief_state.pairs(view.state)],
        "problem": view.problem,
    }


def _file(text: str, media_type: str, name: str) -> Response:
    return Response(text, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
