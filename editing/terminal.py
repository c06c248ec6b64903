"""What the commands of the editing module share: how an error is told."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ..dialogue.errors import DialogueError
from .errors import EditError


@contextmanager
def told() -> Iterator[None]:
    """Say what is wrong in one line instead of a traceback, and exit with 1."""
    try:
        yield
    except (EditError, DialogueError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
