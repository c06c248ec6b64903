"""Rows of a batch computed side by side on a CPU: several small batches on one thread each beat one on all threads.

The networks of an edit are many small operations, which gain little from a second thread and wait for each other.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import TypeVar

import torch

Result = TypeVar("Result")


class Shards:
    """Worker threads that share the processors evenly.

    Args:
        num_shards: how many slices are computed at once; by default as many as torch has threads.
    """

    def __init__(self, num_shards: int | None = None) -> None:
        self._threads = torch.get_num_threads()
        self._num_shards = num_shards or self._threads
        self._pool: ThreadPoolExecutor | None = None

    def map(self, function: Callable[[slice], Result], num_rows: int) -> list[Result]:
        """`function` of consecutive slices that make up the rows, in order; in the caller's thread where one is all."""
        count = min(self._num_shards, num_rows)
        if count < 2:
            return [function(slice(0, num_rows))]
        pool = self._pool = self._pool or self._start()
        starts = [num_rows * shard // count for shard in range(count + 1)]
        return list(pool.map(function, [slice(*ends) for ends in pairwise(starts)]))

    def _start(self) -> ThreadPoolExecutor:
        """Workers with their share of threads, which torch counts for each thread on its own."""
        pool, everybody = ThreadPoolExecutor(self._num_shards, "edit-shard"), Barrier(self._num_shards)

        def share(_: int) -> None:
            torch.get_num_threads()  # a thread's first look takes the number set last: here, not after the next line
            torch.set_num_threads(max(1, self._threads // self._num_shards))
            everybody.wait()  # so that each worker does it once

        list(pool.map(share, range(self._num_shards)))
        torch.set_num_threads(self._threads)  # of threads that start later, which take the number set last
        return pool
