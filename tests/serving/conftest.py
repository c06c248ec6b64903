import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():  # Ray's own use of pydantic is out of date
    warnings.simplefilter("ignore")
    import ray.serve  # noqa: F401

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
