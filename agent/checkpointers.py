"""Where threads are kept: SQLite in a file, or PostgreSQL by DSN."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

BUSY_TIMEOUT_S = 10.0


@contextmanager
def open_checkpointer(where: str | Path) -> Iterator[BaseCheckpointSaver]:
    """A checkpointer that reads only plain data and LangChain's messages back, never other objects.

    Args:
        where: a file for SQLite, or a DSN `postgresql://...` (needs the extra `chatedit[postgres]`).
    """
    serde = JsonPlusSerializer(allowed_msgpack_modules=None)
    if is_postgres(where):
        from langgraph.checkpoint.postgres import PostgresSaver
        from psycopg.rows import dict_row
        from psycopg_pool import ConnectionPool

        options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        with ConnectionPool(str(where), min_size=1, max_size=8, kwargs=options, open=True) as pool:
            postgres = PostgresSaver(pool, serde=serde)  # type: ignore[arg-type]
            postgres.setup()
            yield postgres
        return
    from langgraph.checkpoint.sqlite import SqliteSaver

    Path(where).parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(where, check_same_thread=False, timeout=BUSY_TIMEOUT_S)) as connection:
        saver = SqliteSaver(connection, serde=serde)
        saver.setup()
        connection.execute("PRAGMA secure_delete=ON")  # what is deleted is gone from the file too
        connection.execute("PRAGMA synchronous=NORMAL")  # with WAL: a killed process loses nothing
        yield saver


def is_postgres(where: str | Path) -> bool:
    """Whether a place is a PostgreSQL DSN."""
    return str(where).startswith(("postgresql://", "postgres://"))
