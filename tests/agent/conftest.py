from pathlib import Path

import pytest
from one_conversation import Setup, make


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return make(tmp_path)
