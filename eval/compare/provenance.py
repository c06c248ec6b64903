"""Where numbers come from: date, version, machine, command."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ... import __version__

_SECRET = "--api-key"


def provenance(arguments: Sequence[str]) -> dict[str, str]:
    """What a reader needs to run it again; keys given on the command line are left out."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": f"{__version__}, commit {_commit()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {sys.version.split()[0]}",
        "command": " ".join(_without_secrets(arguments)),
    }


def _without_secrets(arguments: Sequence[str]) -> list[str]:
    kept, is_secret = [], False
    for argument in arguments:
        if not is_secret and not argument.startswith(f"{_SECRET}="):
            kept.append(argument)
        is_secret = argument == _SECRET
    return [argument for argument in kept if argument != _SECRET]


def _commit() -> str:
    """Short hash of the checkout that runs, marked where files differ from it; "unknown" outside one."""
    here = Path(__file__).resolve().parents[2]
    command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
