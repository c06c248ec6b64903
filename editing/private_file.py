"""Files that only their owner may read."""

import os
import tempfile
from pathlib import Path


def write_once(path: Path, data: bytes) -> None:
    """Make a file with all of `data`, or none; of several processes that make it at once, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # readable for its owner only
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # otherwise a power cut may leave the name without the data
        if not path.exists():
            try:
                os.link(temporary, path)
            except FileExistsError:
                return
    finally:
        os.unlink(temporary)
