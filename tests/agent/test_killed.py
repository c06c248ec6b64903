import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed_process.py")


def process(folder: Path, where: str, utterance: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, SCRIPT, folder, where, utterance], capture_output=True, text=True)


def finished(folder: Path, utterance: str) -> dict:
    done = process(folder, "finish", utterance)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("where", ["edit", "stored"])
def test_a_killed_turn_is_finished_by_the_next_process_and_no_edit_is_done_twice(tmp_path: Path, where: str):
    killed = process(tmp_path, where, "add bangs")
    assert killed.returncode == -signal.SIGKILL
    after = finished(tmp_path, "add blond hair")
    assert after["resumed"] == {"hair": ["bangs"]}
    assert after["state"] == {"hair color": ["blond hair"], "hair": ["bangs"]}
    assert after["users"] == ["", "add bangs", "add blond hair"]
    edits = (tmp_path / "edits.log").read_text().split()
    assert len(edits) == len(set(edits)) == 2
