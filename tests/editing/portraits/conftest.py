import pytest
import torch
from chatedit.editing.portraits.data import Renders, load_renders


@pytest.fixture(scope="session")
def renders(tmp_path_factory) -> Renders:
    """48 portraits of 24 people."""
    return load_renders(tmp_path_factory.mktemp("renders"), 48, seed=5)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
