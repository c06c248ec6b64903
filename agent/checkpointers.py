"""Where threads are kept: SQLite in a file, or PostgreSQL by DSN."""

import re
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.base import id as checkpoint_id
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from .errors import ThreadsUnavailable

BUSY_TIMEOUT_S = 10.0


class InOrder(BaseCheckpointSaver):
    """A checkpointer whose next checkpoint is newer than all that are there, whatever the clock says.

    The newest checkpoint is the one with the greatest id, and ids begin with the time. After a clock was set back, or
    at another machine whose clock is behind, what was said would be filed before what is known, and so be lost.
    """

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """See the base class."""
        found = newest = super().get_tuple(config)
        if "checkpoint_id" in (asked := config.get("configurable", {})):
            newest = super().get_tuple({"configurable": {**asked, "checkpoint_id": None}})
        if newest is not None:
            _continue_after(newest.checkpoint["id"])
        return found


@contextmanager
def open_checkpointer(where: str | Path) -> Iterator[BaseCheckpointSaver]:
    """A checkpointer that reads only plain data and LangChain's messages back, never other objects.

    Args:
        where: a file for SQLite, or a DSN `postgresql://...` (needs the extra `chatedit[postgres]`).
    Raises:
        ThreadsUnavailable: there is no such place, or it cannot be written to. What goes wrong later is raised as the
            database's own error.
    """
    serde = JsonPlusSerializer(allowed_msgpack_modules=None)
    if is_postgres(where):
        with _postgres(str(where), serde) as saver:
            yield saver
        return
    if scheme := re.match(r"\w[\w+.-]*://", str(where)):
        raise ThreadsUnavailable(f"{scheme[0]}...", "give postgresql://..., or the name of a file for SQLite")
    with ExitStack() as stack:
        try:
            saver = stack.enter_context(_sqlite(Path(where), serde))
        except (OSError, sqlite3.Error) as error:
            raise ThreadsUnavailable(str(where), str(error)) from error
        yield saver


@contextmanager
def _sqlite(path: Path, serde: JsonPlusSerializer) -> Iterator[BaseCheckpointSaver]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    class OrderedSqlite(InOrder, SqliteSaver):
        pass

    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, check_same_thread=False, timeout=BUSY_TIMEOUT_S)) as connection:
        saver = OrderedSqlite(connection, serde=serde)
        saver.setup()
        connection.execute("PRAGMA secure_delete=ON")  # what is deleted is gone from the file too
        connection.execute("PRAGMA synchronous=NORMAL")  # with WAL: a killed process loses nothing
        yield saver


@contextmanager
def _postgres(dsn: str, serde: JsonPlusSerializer) -> Iterator[BaseCheckpointSaver]:
    place = _without_password(dsn)
    try:
        import psycopg
        from langgraph.checkpoint.postgres import PostgresSaver
        from psycopg.rows import dict_row
        from psycopg_pool import ConnectionPool
    except ImportError as error:
        raise ThreadsUnavailable(place, "that needs pip install 'chatedit[postgres]'") from error

    class OrderedPostgres(InOrder, PostgresSaver):
        pass

    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with ExitStack() as stack:
        try:
            psycopg.connect(dsn).close()  # says at once what is wrong; a pool tries for half a minute and does not
            pool = stack.enter_context(ConnectionPool(dsn, min_size=1, max_size=8, kwargs=options, open=True))
            saver = OrderedPostgres(pool, serde=serde)  # type: ignore[arg-type]
            saver.setup()
        except psycopg.OperationalError as error:
            raise ThreadsUnavailable(place, " ".join(str(error).split())) from error
        except psycopg.ProgrammingError as error:  # its message may repeat the DSN
            raise ThreadsUnavailable(place, "the DSN cannot be read, or its user may not make tables") from error
        yield saver


def is_postgres(where: str | Path) -> bool:
    """Whether a place is a PostgreSQL DSN."""
    return str(where).startswith(("postgresql://", "postgres://"))


def _without_password(dsn: str) -> str:
    try:
        return f"PostgreSQL at {urlsplit(dsn).hostname or 'this machine'}"
    except ValueError:
        return "PostgreSQL"


def _continue_after(newest: str) -> None:
    """Let the ids that this process makes come after `newest` (a UUID of version 6)."""
    bits = uuid.UUID(newest).int
    ticks = (bits >> 80) << 12 | (bits >> 64) & 0xFFF  # of 100 ns
    checkpoint_id._last_v6_timestamp = max(checkpoint_id._last_v6_timestamp or 0, ticks)
