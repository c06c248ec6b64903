"""Logs as JSON lines, with the ids of request, thread and turn. What people say is never logged.

Messages of errors may quote it (a validator shows its input, a database its parameters), so by default an error is
logged as its type and the places in the code.
"""

import json
import logging
import logging.handlers
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_ids: ContextVar[dict[str, str]] = ContextVar("ids_of_logs", default={})  # noqa: B039 - never mutated
_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
ROOT = "chatedit"


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Every line that is logged inside the block carries the ids."""
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def bind(**ids: str) -> None:
    """Every line that is logged from now on carries the ids, until the enclosing `bound` ends."""
    _ids.set({**_ids.get(), **ids})


class JsonLine(logging.Formatter):
    """One JSON object a record.

    Args:
        has_messages: messages of errors are logged too.
    """

    def __init__(self, has_messages: bool = False) -> None:
        super().__init__()
        self._has_messages = has_messages

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": self._message(record),
            **_ids.get(),
            **{name: held for name, held in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = self._error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)

    def _message(self, record: logging.LogRecord) -> str:
        if self._has_messages or not isinstance(record.args, tuple):
            return record.getMessage()
        arguments = tuple(type(one).__name__ if isinstance(one, BaseException) else one for one in record.args)
        return record.msg % arguments if arguments else str(record.msg)

    def _error(self, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        told = {"type": type(error).__name__, "at": [f"{one.filename}:{one.lineno} {one.name}" for one in frames]}
        return {**told, "message": str(error)} if self._has_messages else told


def install_json_lines(file: Path | None, level: str, has_messages: bool) -> None:
    """Let the package's loggers write JSON lines.

    Args:
        file: appended to by all processes, and reopened when it was rotated away; stderr where None.
    """
    if file is None:
        handler: logging.Handler = logging.StreamHandler(sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.WatchedFileHandler(file, encoding="utf-8")
    handler.setFormatter(JsonLine(has_messages))
    logger = logging.getLogger(ROOT)
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
