"""Turns that run, on a board that all processes see: so that any of them can cancel any.

A run that nobody touches for a while was left by a process that died, and counts as interrupted.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, case, delete, select, update

from .database import Database, runs
from .errors import DatabaseUnavailable, UnknownRun

Status = Literal["running", "success", "error", "interrupted"]
TOUCH_S = 5.0
LEFT_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A turn that runs or ran; times are seconds since the epoch."""

    id: str
    thread: str
    status: Status
    is_cancelled: bool
    created_at: float
    updated_at: float
    metadata: Mapping[str, Any]


class RunBoard:
    """The runs of all threads. Callers check first that the thread is the owner's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mine: set[str] = set()  # runs of this process

    def start(self, owner: str, thread: str, metadata: Mapping[str, Any] | None = None) -> str:
        """Put a run on the board; its id."""
        with self._database.begin() as connection:
            run = _insert(connection, owner, thread, metadata)
        self._mine.add(run)
        return run

    def start_alone(self, owner: str, thread: str, metadata: Mapping[str, Any] | None = None) -> str:
        """As `start`, for the holder of the thread's lease: runs that a killed process left are over."""
        left = (runs.c.thread == thread) & (runs.c.status == "running")
        with self._database.begin() as connection:
            connection.execute(update(runs).where(left).values(status="interrupted", updated_at=time.time()))
            run = _insert(connection, owner, thread, metadata)
        self._mine.add(run)
        return run

    def touch(self) -> None:
        """Say that the runs of this process still run."""
        if mine := self._mine.copy():
            with self._database.begin() as connection:
                connection.execute(
                    update(runs).where(runs.c.id.in_(mine), runs.c.status == "running").values(updated_at=time.time())
                )

    @contextmanager
    def touching(self) -> Iterator[None]:
        """Keep touching inside the block, in a thread of its own: a turn that waits tells nothing."""
        ended = Event()

        def keep_touching() -> None:
            while not ended.wait(TOUCH_S):
                with suppress(DatabaseUnavailable):  # there is time for the next one
                    self.touch()

        worker = Thread(target=keep_touching, name="run-board", daemon=True)
        worker.start()
        try:
            yield
        finally:
            ended.set()
            worker.join()

    def finish(self, run: str, status: Status) -> None:
        """Say what became of a run."""
        self._mine.discard(run)
        with self._database.begin() as connection:
            connection.execute(update(runs).where(runs.c.id == run).values(status=status, updated_at=time.time()))

    def get(self, thread: str, run: str) -> RunRecord:
        """A run of a thread.

        Raises:
            UnknownRun
        """
        with self._database.begin() as connection:
            row = connection.execute(_runs().where(runs.c.id == run, runs.c.thread == thread)).one_or_none()
        if row is None:
            raise UnknownRun(run)
        return _record(row)

    def list(self, thread: str, limit: int, offset: int = 0, status: str | None = None) -> list[RunRecord]:
        """Runs of a thread, the newest first."""
        query = _runs().where(runs.c.thread == thread)
        if status is not None:
            query = query.where(_status() == status)
        with self._database.begin() as connection:
            return [
                _record(row)
                for row in connection.execute(query.order_by(runs.c.created_at.desc()).limit(limit).offset(offset))
            ]

    def cancel(self, thread: str) -> bool:
        """Ask for the end of what runs on a thread; False where nothing does."""
        running = (runs.c.thread == thread) & (_status() == "running")
        with self._database.begin() as connection:
            return connection.execute(update(runs).where(running).values(is_cancelled=True)).rowcount > 0

    def is_cancelled(self, run: str) -> bool:
        """Whether somebody asked for the end of a run."""
        with self._database.begin() as connection:
            return bool(connection.execute(select(runs.c.is_cancelled).where(runs.c.id == run)).scalar())

    def delete_thread(self, thread: str) -> None:
        """Forget the runs of a thread."""
        with self._database.begin() as connection:
            connection.execute(delete(runs).where(runs.c.thread == thread))


def _insert(connection: Connection, owner: str, thread: str, metadata: Mapping[str, Any] | None) -> str:
    run, now = str(uuid.uuid4()), time.time()
    row = {"id": run, "thread": thread, "owner": owner, "status": "running", "is_cancelled": False}
    times = {"created_at": now, "updated_at": now, "metadata": dict(metadata or {})}
    connection.execute(runs.insert().values(**row, **times))
    return run


def _runs() -> Select:
    return select(runs, _status().label("status_now"))


def _status() -> ColumnElement[str]:
    is_left = (runs.c.status == "running") & (runs.c.updated_at < time.time() - LEFT_AFTER_S)
    return case((is_left, "interrupted"), else_=runs.c.status)


def _record(row: Row) -> RunRecord:
    return RunRecord(row.id, row.thread, row.status_now, row.is_cancelled, row.created_at, row.updated_at, row.metadata)
