"""What a turn or a move came to, as plain data; and which failures are the service's own."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypedDict

from ..agent.answer import Answer
from ..agent.state import Turn
from ..tools.errors import EditError, StoreUnavailable
from .database import RETRY_AFTER_S
from .errors import DatabaseUnavailable, TurnFailed

SERVICE_FAULTS = ("EditorBusy", "EditorBroke", "EditorGone", "EngineBusy", "EngineClosed", "StoreUnavailable")
"""Edit errors that say nothing about the request: the same turn may work in a moment."""


class Outcome(TypedDict):
    """What a turn or a move came to; pictures are references.

    `turn` is where the conversation stands now, `reply` what the system says, `is_changed` whether another version is
    shown than before, `comparison` two turns to show side by side, `error` type and message where the turn came to
    nothing for a reason that the user can be told.
    """

    thread: str
    reply: str
    turn: Turn
    is_changed: bool
    comparison: list[Turn] | None
    error: dict[str, str] | None


def outcome_of(thread: str, answer: Answer) -> Outcome:
    """An answer as plain data.

    Raises:
        TurnFailed: the turn came to nothing, and the fault is the service's.
    """
    error = answer.error
    if error is not None and not _is_for_user(error["type"]):
        raise TurnFailed(error["type"], error["message"], answer.text)
    return {
        "thread": thread,
        "reply": answer.text,
        "turn": answer.turn,
        "is_changed": answer.is_changed,
        "comparison": None if answer.comparison is None else list(answer.comparison),
        "error": error,
    }


@contextmanager
def storage_errors() -> Iterator[None]:
    """What checkpoints and leases cannot do because of their disk or server, as errors of the service.

    Raises:
        DatabaseUnavailable, StoreUnavailable
    """
    try:
        yield
    except _database_errors() as error:
        raise DatabaseUnavailable(RETRY_AFTER_S, str(error).strip()) from error
    except OSError as error:
        raise StoreUnavailable(str(error)) from error


def _is_for_user(name: str) -> bool:
    return name in _edit_errors(EditError) and name not in SERVICE_FAULTS


def _edit_errors(base: type[Exception]) -> set[str]:
    return {base.__name__}.union(*(_edit_errors(kind) for kind in base.__subclasses__()))


def _database_errors() -> tuple[type[Exception], ...]:
    psycopg: Any = sys.modules.get("psycopg")  # optional
    return (sqlite3.Error,) if psycopg is None else (sqlite3.Error, psycopg.Error)
