"""The map of the house (design.md, section 2) holds: who imports whom, what is packaged, how files are named."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("agent", "client", "dialogue", "editing", "eval", "prompts", "serving", "tools")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def test_folders_import_as_the_map_says():
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_subpackage_is_packaged():
    packages = {f"chatedit.{path.parent.relative_to(ROOT).as_posix().replace('/', '.')}" for path in SOURCES}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages | {"chatedit"}


def test_every_folder_of_modules_is_a_package():
    assert not [path.parent for path in SOURCES if not (path.parent / "__init__.py").exists()]


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "helper", "common", "misc"])
def test_modules_are_named_for_what_they_hold(name):
    assert not [path for path in SOURCES if path.stem == name]


def test_no_module_is_longer_than_400_lines():
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in SOURCES}
    assert not {name: length for name, length in lengths.items() if length > 400}


def test_every_module_says_what_it_is():
    assert not [path for path in SOURCES if path.stat().st_size and not path.read_text().startswith('"""')]


def test_everything_that_a_command_line_starts_with_is_light():
    """`chatedit --help` must not wait for torch."""
    code = "import sys, chatedit.eval.commands; sys.exit(bool({'torch', 'matplotlib', 'sacrebleu'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, check=False).returncode == 0
