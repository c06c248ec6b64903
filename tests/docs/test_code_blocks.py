"""Every code block of the docs runs. `code_blocks.py` says how a block may differ from its test."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import typer
import yaml
from chatedit.cli import app
from code_blocks import Block, blocks_of, chatedit_commands, is_slow

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
READ = [ROOT / "README.md", *PAGES]
TIMEOUT_S = 600
RUN = ("bash", "python")


def environment(folder: Path) -> dict[str, str]:
    """Of a reader in a fresh folder, who has the repository at $REPO and nothing of their own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHATEDIT_", "PYTEST"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "REPO": str(ROOT),
        "PYTHONWARNINGS": "default",
        "COLUMNS": "120",
    }


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if is_slow(page) else [], id=str(page.relative_to(ROOT / "docs")))
        for page in PAGES
        if any(block.language in RUN for block in blocks_of(page))
    ],
)
def test_the_blocks_of_a_page_run_from_top_to_bottom(page: Path, tmp_path: Path):
    missing = []
    with ExitStack() as stack:
        for block in blocks_of(page):
            needed = block.directives.get("needs")
            if needed and shutil.which(needed) is None:
                missing.append(f"line {block.line} needs {needed}")
            elif "background" in block.directives:
                stack.enter_context(_in_background(block, page, tmp_path))
            elif block.language in RUN:
                _run(block, page, tmp_path)
    if missing:
        pytest.skip("; ".join(missing))


@pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_what_it_is_and_can_be_read(page: Path):
    for block in blocks_of(page):
        where = f"{page}:{block.line}"
        assert block.language in (*RUN, "json", "yaml", "text"), f"{where}: language {block.language!r}"
        if block.language == "bash":
            checked = subprocess.run(["bash", "-n"], input=block.code, text=True, capture_output=True, check=False)
            assert checked.returncode == 0, f"{where}: {checked.stderr}"
        elif block.language == "python":
            compile(block.code, where, "exec")
        elif block.language == "json":
            json.loads(block.code)
        elif block.language == "yaml":
            yaml.safe_load(block.code)


def test_every_chatedit_command_of_the_docs_exists_with_its_options():
    """Also of the pages that are slow to run."""
    root = typer.main.get_command(app)
    for page in READ:
        for block in blocks_of(page):
            for words in chatedit_commands(block) if block.language == "bash" else ():
                where = f"{page}:{block.line}: {' '.join(words)}"
                command, rest = root, words[1:]
                while hasattr(command, "commands"):
                    assert rest, f"{where}: no command"
                    assert rest[0] in command.commands, f"{where}: no {rest[0]}"
                    command, rest = command.commands[rest[0]], rest[1:]
                known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
                unknown = {word for word in rest if word.startswith("-") and word not in {*known, "--help"}}
                assert not unknown, f"{where}: no {unknown}"


def _command(block: Block, folder: Path) -> list[str]:
    if block.language == "python":
        script = folder / f"line_{block.line}.py"
        script.write_text(block.code)
        return [sys.executable, str(script)]
    return ["bash", "-euo", "pipefail", "-c", block.shell]


def _run(block: Block, page: Path, folder: Path) -> None:
    done = subprocess.run(
        _command(block, folder), cwd=folder, env=environment(folder), timeout=TIMEOUT_S, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{page}:{block.line} ended with {done.returncode}:\n{done.stdout[-4000:]}"


@contextmanager
def _in_background(block: Block, page: Path, folder: Path) -> Iterator[None]:
    with (folder / f"line_{block.line}.log").open("w+") as log:
        process = subprocess.Popen(
            _command(block, folder), cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + TIMEOUT_S
            while not _answers(block.directives["background"]):
                log.seek(0)
                assert process.poll() is None, f"{page}:{block.line} ended:\n{log.read()[-4000:]}"
                assert time.monotonic() < deadline, f"{page}:{block.line} does not answer:\n{log.read()[-4000:]}"
                time.sleep(0.5)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # SIGINT may be ignored: jobs of a shell inherit that
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
