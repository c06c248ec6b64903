import os
import subprocess
import sys
from pathlib import Path

import pytest
from exposition import numbers

SCRIPT = Path(__file__).parent / "two_ingresses.py"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_replica_shows_the_numbers_of_all():
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True, timeout=840)
    assert done.returncode == 0, done.stderr[-2000:]
    page = "\n".join(line for line in done.stdout.splitlines() if line.startswith(("chatedit_", "# ")))
    turns = {key: value for key, value in numbers(page).items() if key[0] == "chatedit_turns_total"}
    assert list(turns.values()) == [1, 1]
    assert len({replica for _, _, replica in turns}) == 2
