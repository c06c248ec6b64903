import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))  # the scripted models
sys.path.insert(0, str(Path(__file__).parent))
from one_server import Server, serve


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A keyless server over scripted models."""
    with serve(tmp_path) as running:
        yield running


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Server]:
    """A server that needs API keys; `server.client` sends one."""
    with serve(tmp_path, auth="on") as running:
        yield running
