"""The seams of the dialogue module: what tracks, what answers, and what does both at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from .belief_state import NO_CHANGE, BeliefState, TurnUpdate
from .dialogue_file import Act
from .formats import Context


@dataclass(frozen=True, slots=True)
class Tracked:
    """What the tracker made of one turn.

    Attributes:
        state: belief state after the turn; the state before it where `error` is set.
        update: what the turn changed.
        error: why the output could not be read, or empty.
    """

    state: BeliefState
    update: TurnUpdate = NO_CHANGE
    error: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the system answers: the act, its words, and whether the policy had to replace what the model wanted."""

    act: Act
    text: str
    is_repaired: bool = False


class Tracker(Protocol):
    """Reads contexts, one a dialogue, and tells the belief state after each new utterance."""

    def track(self, contexts: Sequence[Context]) -> list[Tracked]:
        """One result a context, in order; never raises on what a user wrote."""
        ...


class Responder(Protocol):
    """Answers in natural language and suggests what to do next."""

    def respond(
        self,
        contexts: Sequence[Context],
        states: Sequence[BeliefState],
        attributes: Sequence[Collection[str]],
        seed: int | None = None,
    ) -> list[Reply]:
        """One reply a context. `states` are those after the turn, `attributes` the photo's own values.

        No reply suggests what state or photo already has, or its opposite. Greedy where `seed` is None.
        """
        ...


class DialogueModel(Tracker, Responder, Protocol):
    """Tracker and responder in one: both tasks of a turn in one padded batch."""

    def turn(
        self, contexts: Sequence[Context], attributes: Sequence[Collection[str]], seed: int | None = None
    ) -> list[tuple[Tracked, Reply]]:
        """What `track` and then `respond` return, at the price of one call."""
        ...
