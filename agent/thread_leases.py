"""One writer a thread. No checkpointer serialises two of them (design, section 6)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import psycopg


class Leases(Protocol):
    """Named locks; `tools.leases.FolderLeases` is one for a single machine."""

    def hold(self, name: str, timeout_s: float = 0.0) -> AbstractContextManager[bool]:
        """Hold the lock inside the block; yields False where somebody else has it for `timeout_s`."""
        ...


class PostgresLeases:
    """Advisory locks of a PostgreSQL server, for several machines; the server frees those of a lost connection."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    @contextmanager
    def hold(self, name: str, timeout_s: float = 0.0) -> Iterator[bool]:
        """See `Leases.hold`."""
        import psycopg

        with psycopg.connect(self._dsn, autocommit=True) as connection:
            try:
                yield _lock(connection, name, timeout_s)
            finally:  # the server would notice the end of the connection too, but only after a while
                connection.execute("SELECT pg_advisory_unlock_all()")


def _lock(connection: "psycopg.Connection", name: str, timeout_s: float) -> bool:
    import psycopg

    if timeout_s <= 0:
        row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
        return bool(row and row[0])
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{int(timeout_s * 1000)}ms",))
    try:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))
    except psycopg.errors.LockNotAvailable:
        return False
    return True
