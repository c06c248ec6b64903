"""What a turn or a move came to."""

from dataclasses import dataclass

from .nodes import describe_move
from .state import DialogueState, Turn
from .versions import first_of, head


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn or a move came to.

    Attributes:
        text: what the system says.
        turn: the turn that the conversation stands at now.
        picture: reference of the picture to show.
        comparison: two turns to show side by side, if that was asked.
        error: type and message where the turn came to nothing.
        is_changed: whether another version is shown than before.
    """

    text: str
    turn: Turn
    picture: str
    comparison: tuple[Turn, Turn] | None
    error: dict[str, str] | None
    is_changed: bool


def answer_of(state: DialogueState, text: str, is_changed: bool) -> Answer:
    """The answer of a turn or move that led to `state`."""
    pair = state.get("comparison")
    comparison = (first_of(state, pair[0]), first_of(state, pair[1])) if pair else None
    error = state.get("error")
    described = {"type": error["type"], "message": error["message"]} if error else None
    return Answer(text, head(state), state.get("picture", ""), comparison, described, is_changed)


def answer_to_move(state: DialogueState) -> Answer:
    """The answer to the move that was made last, once more."""
    update = {"head": head(state)["id"], "comparison": state.get("comparison")}
    return answer_of({**state, "error": None}, describe_move(state, update), False)
