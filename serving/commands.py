"""Commands of the service: `chatedit serve` and `chatedit keys`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # they take seconds to import
    from .app_config import AppConfig
    from .config import Settings
    from .keys import KeyRing

keys = typer.Typer(no_args_is_help=True, help="API keys of the service: create, list, revoke.")
Home = Annotated[Path | None, typer.Option("--home", help="Where everything is kept; CHATEDIT_HOME.")]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; CHATEDIT_HOST, 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; CHATEDIT_PORT, 8000.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", exists=True, dir_okay=False, help="Another ray_config.yaml.")
    ] = None,
    home: Home = None,
    pack: Annotated[str | None, typer.Option("--pack", help="Model pack instead of the configured one.")] = None,
    is_opened: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser, where there is one.")
    ] = False,
) -> None:
    """Serve a web page and its HTTP API on this machine, with Ray Serve.

    Beyond loopback, API keys are needed; the first one is printed.
    """
    from .app_config import DEFAULT_FILE, ConfigError, read_ray_config

    try:
        args = read_ray_config(config or DEFAULT_FILE).applications[0].args
    except ConfigError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
    settings = _settings(home, host=host, port=port).on_this_machine()
    if pack is not None:
        args = args.model_copy(update={"pack": pack})
    _first_key(settings)
    _serve(settings, args, is_opened)


def mcp(
    home: Home = None,
    pack: Annotated[str, typer.Option("--pack", help="Name of a model pack, or its folder.")] = "portraits",
) -> None:
    """Serve MCP on stdin and stdout, with the models in this process; agents start it. `serve` has MCP at /mcp, too."""
    from .mcp_stdio import serve_local

    serve_local(_settings(home), pack)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="For people: who or what uses it.")],
    owner: Annotated[str | None, typer.Option(help="Whose threads it sees; an owner of its own if absent.")] = None,
    home: Home = None,
) -> None:
    """Make a key. It is shown once and kept as a hash."""
    typer.echo(_ring(_settings(home)).create(name, owner))


@keys.command("list")
def list_keys(home: Home = None) -> None:
    """All keys, without their secrets."""
    for key in _ring(_settings(home)).list():
        typer.echo(f"{key.id}  owner {key.owner}  {key.name}{'  (revoked)' if key.is_revoked else ''}")


@keys.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="Id of the key.")], home: Home = None) -> None:
    """Make a key useless."""
    if not _ring(_settings(home)).revoke(key_id):
        typer.secho(f"error: there is no key {key_id!r}", fg="red", err=True)
        raise typer.Exit(1)


def _settings(home: Path | None, **options: object) -> "Settings":
    """From the environment, what the command line says first."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from .config import Settings

    given = {name: value for name, value in {"home": home, **options}.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        why = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    except SettingsError as error:
        why = str(error)
    typer.secho(f"error: {why}", fg="red", err=True)
    raise typer.Exit(1)


def _ring(settings: "Settings") -> "KeyRing":
    from .database import Database
    from .keys import KeyRing

    return KeyRing(Database(settings.database_url))


def _first_key(settings: "Settings") -> None:
    if not settings.needs_keys:
        typer.echo(f"no API keys are needed at {settings.host}: it answers to programs of this machine only")
        return
    ring = _ring(settings)
    if not [key for key in ring.list() if not key.is_revoked]:
        typer.echo(f"API key (shown once): {ring.create('first')}")


def _serve(settings: "Settings", args: "AppConfig", is_opened: bool) -> None:
    if why := _why_not_at(str(settings.host), settings.port):
        typer.secho(f"error: {why}", fg="red", err=True)
        raise typer.Exit(1)
    from .local_cluster import serving_here

    typer.echo("starting: the models are loaded, which takes half a minute")

    with serving_here(settings, args) as (url, wait):
        typer.echo(f"ChatEdit serves at {url} (open it in a browser; Ctrl-C stops it)")
        if is_opened:
            _open_browser(url)
        wait()
        typer.echo("stopping: what runs is finished first")


def _why_not_at(host: str, port: int) -> str:
    """Why nothing can listen there, or "". Ray's proxy would share a port silently with whoever has it."""
    import errno
    import socket

    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"port {port} is in use (another chatedit serve?): stop it, or --port {port + 1}"
        return f"cannot listen at {host}, port {port}: {error.strerror}"
    return ""


def _open_browser(url: str) -> None:
    """Open a page, where there is a screen: a text browser would take over the terminal."""
    import os
    import sys
    import webbrowser

    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)
