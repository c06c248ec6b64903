"""Builds the docs site: `python docs/build_site.py [FOLDER]`; warnings are errors. Needs the extra `dev`.

The pages are copied to a folder of their own first, where the generated page of all commands is added: Zensical keeps
its cache beside its configuration, and would share `.cache` with the trainings of this repository.
"""

import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
BIN = Path(sys.executable).parent
DEFAULT = DOCS.parent / "build" / "docs"
COPIED = ("*.md", "*.png", "*.svg", "*.css")


def build_site(folder: Path) -> Path:
    """Build into `folder`; the site itself.

    Raises:
        subprocess.CalledProcessError: a broken link, an unknown name in the reference, any other warning.
    """
    pages = folder / "docs"
    shutil.rmtree(pages, ignore_errors=True)
    for pattern in COPIED:
        for path in DOCS.rglob(pattern):
            copy = pages / path.relative_to(DOCS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    for name in ("zensical.toml", "griffe_raises.py"):
        shutil.copy(DOCS / name, folder / name)
    _link_package(folder / "package" / "chatedit")
    commands = ["utils", "docs", "--name", "chatedit", "--title", "Commands"]
    _run([sys.executable, "-m", "typer", "chatedit.cli", *commands, "--output", str(pages / "reference/commands.md")])
    _run([str(BIN / "zensical"), "build", "--strict", "--config-file", str(folder / "zensical.toml")])
    return folder / "site"


def _link_package(package: Path) -> None:
    """The code under its import name, for the reference; not the whole checkout, which holds this folder, too."""
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    for path in DOCS.parent.glob("*/__init__.py"):
        (package / path.parent.name).symlink_to(path.parent, target_is_directory=True)
    (package / "__init__.py").symlink_to(DOCS.parent / "__init__.py")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
    done.check_returncode()


if __name__ == "__main__":
    print(build_site(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT) / "index.html")
