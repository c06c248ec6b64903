"""The command `chatedit verify`."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from ..dialogue import belief_state
from ..dialogue.errors import DialogueError


def verify(
    picture: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The picture's file.")],
    anchors: Annotated[
        Path | None,
        typer.Option("--anchors", exists=True, dir_okay=False, help="PEM of certificates to trust; a must, if given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Check a picture's content credentials: are they whole, who signed, what was edited. 1 if missing or tampered."""
    from .credential_check import check_credentials
    from .errors import EditError

    try:
        report = check_credentials(picture.read_bytes(), anchors.read_text() if anchors else None)
    except (EditError, UnicodeDecodeError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(report), indent=1))
    elif report.is_valid:
        typer.echo("valid: the picture is as it was signed")
        typer.echo(f"signed by: {report.signer or 'unknown'} ({report.issuer or 'unknown'})")
        typer.echo(f"key: {_key(report.is_development_key, report.is_trusted)}")
        typer.echo(f"edited by AI: {'yes' if report.is_ai_edited else 'it does not say'}; {report.agent or 'unknown'}")
        typer.echo(f"pack: {report.pack or 'none'}")
        typer.echo(f"belief state: {_text(report.belief_state)}")
    else:
        typer.secho(f"tampered: the credentials do not fit the picture ({', '.join(report.problems)})", fg="red")
    if not report.is_valid or (anchors is not None and not report.is_trusted):
        raise typer.Exit(1)


def _key(is_development: bool, is_trusted: bool) -> str:
    if is_development:
        return "a development key, which anybody can make: it proves nothing about who signed"
    return "trusted" if is_trusted else "of a signer that no anchor vouches for"


def _text(state: object) -> str:
    """As the belief state reads everywhere; whoever signed may have written anything."""
    if state is None:
        return "none: the picture is not of ChatEdit"
    try:
        return belief_state.to_text(belief_state.from_json(state))  # type: ignore[arg-type]
    except DialogueError:
        return json.dumps(state)
