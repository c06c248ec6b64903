"""Named locks in a folder, for threads and processes of one machine; the system frees those of a killed process."""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.01


class FolderLeases:
    """Locks by name. A name is hashed, so that any text will do and no path can be smuggled in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, name: str, timeout_s: float = 0.0) -> Iterator[bool]:
        """Hold the lock inside the block; yields False where somebody else kept it for `timeout_s`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:40]}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield _lock_within(descriptor, timeout_s)
        finally:
            os.close(descriptor)  # closing unlocks; the file stays, for to remove it would race with a waiting holder


def _lock_within(descriptor: int, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
