"""A turn as it happens: server-sent events, parsed and typed."""

import json
from typing import Any

from pydantic import BaseModel

from ..serving.schemas import BeliefState, ImageView, OutcomeView
from .errors import error_of_problem


class Started(BaseModel):
    """The turn has begun; `run` names it."""

    run: str


class Change(BaseModel):
    """What a turn changes: pairs [slot, value]."""

    added: list[list[str]]
    removed: list[list[str]]
    is_reset: bool


class Understood(BaseModel):
    """What was understood, before anything is edited."""

    belief_state: BeliefState
    update: Change


class Progress(BaseModel):
    """Steps of the edit, now and then with a preview."""

    step: int
    num_steps: int
    preview: ImageView | None = None


class Pictured(BaseModel):
    """A picture is there; a better one may follow. `relevance` and `identity` are in [0, 1]."""

    image: ImageView
    relevance: dict[str, float] = {}
    identity: float | None = None


class Finished(BaseModel):
    """The answer, as `say` returns it."""

    outcome: OutcomeView


Event = Started | Understood | Progress | Pictured | Finished
_KINDS: dict[str, type[BaseModel]] = {
    "start": Started,
    "state": Understood,
    "progress": Progress,
    "image": Pictured,
}


class EventReader:
    """Puts lines of a stream together."""

    def __init__(self) -> None:
        self._kind, self._data = "", ""

    def read(self, line: str) -> Event | None:
        """The event that a line ends, if it ends one that is known.

        Raises:
            ApiError: the turn failed.
        """
        name, _, value = line.partition(":")
        if line:
            if name == "event":
                self._kind = value.strip()
            elif name == "data":
                self._data += value.removeprefix(" ")
            return None
        kind, data, self._kind, self._data = self._kind, self._data, "", ""
        return _event(kind, json.loads(data)) if data else None


def _event(kind: str, data: dict[str, Any]) -> Event | None:
    if kind == "error":
        raise error_of_problem(data)
    if kind == "response":
        return Finished(outcome=OutcomeView.model_validate(data))
    model = _KINDS.get(kind)  # a newer service may tell more
    return None if model is None else model.model_validate(data)  # type: ignore[return-value]
