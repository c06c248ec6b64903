"""Commands on portraits say what is missing before they draw anything."""

from pathlib import Path

import pytest
from chatedit.editing.portraits import commands
from typer.testing import CliRunner

MISSING = [
    (("export", "--work-dir", "{folder}/work"), "generator.pt: train it"),
    (("train", "--part", "generator", "--work-dir", "{folder}/work"), "features.pt: train it"),
    (("train", "--part", "encoder", "--work-dir", "{folder}/work"), "generator.pt: train it"),
    (("check", "--pack", "{folder}/none", "--work-dir", "{folder}/work"), "no model pack"),
    (("edits", "--pack", "{folder}/none"), "no model pack"),
    (("edits", "--preset", "quick"), "unknown preset 'quick'"),
]


@pytest.mark.parametrize(("arguments", "words"), MISSING)
def test_what_is_missing_is_told_at_once(tmp_path: Path, arguments: tuple[str, ...], words: str):
    result = CliRunner().invoke(commands.app, [argument.format(folder=tmp_path) for argument in arguments])
    assert result.exit_code == 1
    assert words in result.output
    assert not (tmp_path / "work" / "renders").exists()
