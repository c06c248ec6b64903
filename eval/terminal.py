"""What the commands of the evaluation share: messages to the user, and how dialogues are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from ..dialogue.dialogue_file import Dialogue

messages = Console(stderr=True)


@contextmanager
def told() -> Iterator[None]:
    """What the user can mend is told in one message, without a traceback."""
    from ..dialogue.errors import DialogueError
    from .errors import EvalError

    try:
        yield
    except (DialogueError, EvalError) as error:
        messages.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False)
        raise typer.Exit(1) from error


def read_open_dialogues(path: Path) -> "list[Dialogue]":
    """Dialogues whose states may hold values outside the ontology.

    Raises:
        DataNotReadable
    """
    from ..dialogue.dialogue_file import read_dialogues
    from ..dialogue.ontology import OPEN_ONTOLOGY

    return read_dialogues(path, OPEN_ONTOLOGY)


def read_annotated(path: Path, limit: int | None = None) -> "list[Dialogue]":
    """The first `limit` dialogues, with a state after every turn.

    Raises:
        DataNotReadable: also where there is no dialogue, or one without turns or states.
    """
    from ..dialogue.errors import DataNotReadable

    dialogues = read_open_dialogues(path)[:limit]
    if not dialogues:
        raise DataNotReadable(str(path), "it holds no dialogues")
    for dialogue in dialogues:
        if not dialogue.turns or any(turn.state is None for turn in dialogue.turns):
            raise DataNotReadable(str(path), f"dialogue {dialogue.id} is not annotated")
    return dialogues
