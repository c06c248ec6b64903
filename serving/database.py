"""The service's bookkeeping: who owns what, what runs, what was asked. SQLite in a file, or PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.schema import CreateIndex, CreateTable

from .errors import DatabaseUnavailable

BUSY_TIMEOUT_S = 10
RETRY_AFTER_S = 2.0
METADATA = MetaData()

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256 of the secret part, which is nowhere
    Column("owner", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
)
threads = Table(
    "threads",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("image", String(64), nullable=False, default=""),
    Column("metadata", JSON, nullable=False),
    Index("threads_by_owner", "owner", "created_at", "id"),
)
holdings = Table(
    "holdings",
    METADATA,
    Column("owner", String(64), primary_key=True),
    Column("thread", String(64), primary_key=True),  # "" for an upload that is in no thread yet
    Column("kind", String(16), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("created_at", Float, nullable=False),
    Index("holdings_by_key", "kind", "key"),
)
calls = Table(
    "calls",
    METADATA,
    Column("owner", String(64), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("thread", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("message_id", String(64), nullable=False),
    Column("answer", JSON(none_as_null=True)),  # null while it runs
    Column("created_at", Float, nullable=False),
    Index("calls_by_thread", "thread"),
)
runs = Table(
    "runs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("thread", String(64), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("is_cancelled", Boolean, nullable=False, default=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("metadata", JSON, nullable=False),
    Index("runs_by_thread", "thread", "created_at"),
)
usage = Table(
    "usage",
    METADATA,
    Column("owner", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("window", Integer, primary_key=True),
    Column("amount", Float, nullable=False),
)


class Database:
    """Transactions on the tables above.

    Args:
        url: in SQLAlchemy's form.
    Raises:
        DatabaseUnavailable
    """

    def __init__(self, url: str) -> None:
        self._is_sqlite = make_url(url).get_backend_name() == "sqlite"
        options: dict[str, Any] = {"pool_pre_ping": not self._is_sqlite}
        if self._is_sqlite:
            Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
        self._engine = create_engine(url, **options)
        if self._is_sqlite:
            event.listen(self._engine, "connect", _set_pragmas)
        with self.begin() as connection:
            for table in METADATA.sorted_tables:  # one by one: two processes may start at once
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, rolled back where it raises.

        Raises:
            DatabaseUnavailable: what the database refused (locked, full, gone), or all connections are taken.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise DatabaseUnavailable(RETRY_AFTER_S, str(error.orig)) from error
        except PoolExhausted as error:
            raise DatabaseUnavailable(RETRY_AFTER_S, str(error)) from error

    def check(self) -> None:
        """Raises: DatabaseUnavailable."""
        with self.begin() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def insert_or_ignore(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its primary key is there; whether it was inserted."""
    return connection.execute(_insert(connection, table).values(values).on_conflict_do_nothing()).rowcount > 0


def add_to(connection: Connection, table: Table, key: dict[str, Any], column: str, amount: float) -> float:
    """Add to a number of a row, which is made where it is not there; the new number."""
    statement = _insert(connection, table).values({**key, column: amount})
    statement = statement.on_conflict_do_update(
        index_elements=[table.c[name] for name in key], set_={column: table.c[column] + amount}
    ).returning(table.c[column])
    return float(connection.execute(statement).scalar_one())


def _insert(connection: Connection, table: Table) -> Any:
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert
    return insert(table)


def _set_pragmas(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # with WAL: a killed process loses nothing
    connection.execute("PRAGMA secure_delete=ON")  # what is deleted is gone from the file too
