"""The `chatedit` command: mounts what the folders offer. Heavy imports stay inside the commands."""

import typer

from . import __version__
from .dialogue import commands as dialogue_commands

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Edit faces by conversation. Start with `chatedit chat`; build data, train and measure with the rest.",
)
app.add_typer(dialogue_commands.train, name="train")
app.command()(dialogue_commands.track)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
