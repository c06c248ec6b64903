from threading import Thread, get_ident

import pytest
import torch
from chatedit.editing.shards import Shards


@pytest.mark.parametrize(("num_rows", "sizes"), [(1, [1]), (2, [1, 1]), (3, [1, 1, 1]), (7, [2, 2, 3])])
def test_slices_are_even_and_in_order(num_rows, sizes):
    parts = Shards(3).map(lambda part: list(range(num_rows))[part], num_rows)
    assert [len(part) for part in parts] == sizes
    assert [row for part in parts for row in part] == list(range(num_rows))


def test_workers_share_the_processors_and_nobody_else_is_slowed():
    before = torch.get_num_threads()
    found = Shards(before).map(lambda _: (get_ident(), torch.get_num_threads()), before)
    if before > 1:
        assert all(worker != get_ident() and threads == 1 for worker, threads in found)
    later = []
    thread = Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), later) == (before, [before])


def test_an_error_in_a_slice_reaches_the_caller():
    def fail(part):
        raise ValueError(f"rows from {part.start}")

    with pytest.raises(ValueError, match="rows from 0"):
        Shards(2).map(fail, 4)
