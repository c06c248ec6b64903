"""The `chatedit` command: mounts what the folders offer. Heavy imports stay inside the commands."""

import typer

from . import __version__
from .agent import commands as agent_commands
from .dialogue import commands as dialogue_commands
from .editing import commands as editing_commands
from .editing import credential_commands
from .editing.portraits import commands as portraits_commands
from .eval import bench_commands, edit_commands
from .eval import commands as eval_commands
from .eval.compare import commands as compare_commands
from .eval.human import commands as human_commands
from .eval.tables import commands as tables_commands
from .serving import commands as serving_commands

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Edit faces by conversation. Start with `chatedit chat`; build data, train and measure with the rest.",
)
app.command()(agent_commands.chat)
app.command()(agent_commands.run)
app.command()(serving_commands.serve)
app.command()(serving_commands.mcp)
app.add_typer(serving_commands.keys, name="keys")
app.command()(editing_commands.edit)
app.command()(credential_commands.verify)
app.command()(dialogue_commands.track)
app.add_typer(editing_commands.models, name="models")
app.add_typer(portraits_commands.app, name="portraits")
app.add_typer(eval_commands.data, name="data")
app.add_typer(dialogue_commands.train, name="train")
dialogue_commands.train.command("portraits")(portraits_commands.train)
app.add_typer(eval_commands.evaluation, name="eval")
eval_commands.evaluation.command("turns")(edit_commands.turns)
eval_commands.evaluation.command("tables")(tables_commands.tables)
eval_commands.evaluation.add_typer(human_commands.app, name="human")
eval_commands.review.command("serve")(human_commands.review)
app.add_typer(compare_commands.app, name="compare")
app.add_typer(editing_commands.bench, name="bench")
editing_commands.bench.command("dialogue")(bench_commands.dialogue)
editing_commands.bench.command("step")(bench_commands.step)
editing_commands.bench.command("serving")(bench_commands.serving)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
