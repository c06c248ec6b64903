"""Memory of a process and all below it, over time."""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from statistics import fmean
from types import TracebackType
from typing import NamedTuple

PERIOD_S = 2.0
QUARTERS = 4


class Sample(NamedTuple):
    """Resident memory of all processes at a time; `at` in seconds, monotonic."""

    at: float
    payload_bytes: int
    num_processes: int


class Growth(NamedTuple):
    """Mean resident memory in the first and in the last quarter of a time, in bytes."""

    first: float
    last: float

    @property
    def share(self) -> float:
        """By how much the last quarter is above the first one; negative where it is below."""
        return self.last / self.first - 1.0


class MemoryWatch:
    """Looks at this process's memory and that of all below it, while its block runs."""

    def __init__(self, period_s: float = PERIOD_S) -> None:
        self.samples: list[Sample] = []
        self._period_s, self._ended = period_s, threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.samples.append(memory_below(os.getpid()))
            if self._ended.wait(self._period_s):
                return


def memory_below(pid: int) -> Sample:
    """Resident memory of a process and of all that it started, directly or not."""
    command = ["ps", "-A", "-o", "pid=,ppid=,rss="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [tuple(map(int, line.split())) for line in lines]
    family = {pid}
    for _ in rows:  # as deep as it goes; a parent may be listed after its child
        more = {child for child, parent, _ in rows if parent in family} - family
        if not more:
            break
        family |= more
    sizes = [rss * 1024 for one, _, rss in rows if one in family]
    return Sample(time.monotonic(), sum(sizes), len(sizes))


def growth(samples: Sequence[Sample]) -> Growth:
    """First quarter of the time against the last one.

    Raises:
        ValueError: no samples.
    """
    if not samples:
        raise ValueError("no samples of memory")
    start, end = samples[0].at, samples[-1].at
    quarter = (end - start) / QUARTERS
    first = [sample.payload_bytes for sample in samples if sample.at <= start + quarter]
    last = [sample.payload_bytes for sample in samples if sample.at >= end - quarter]
    return Growth(fmean(first), fmean(last))
