"""Whose thread is which."""

import base64
import binascii
import json
import math
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, delete, or_, select, update

from ..agent.errors import UnknownThread
from .database import Database, insert_or_ignore, threads
from .errors import InvalidCursor, ThreadTaken

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ThreadRecord:
    """A thread as its owner sees it; times are seconds since the epoch, `image` is empty before it has a photo."""

    id: str
    owner: str
    created_at: float
    updated_at: float
    image: str
    metadata: Mapping[str, Any]


class ThreadIndex:
    """The threads of all owners; those of others are unknown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, owner: str, thread: str | None = None, metadata: Mapping[str, Any] | None = None) -> ThreadRecord:
        """A thread without a photo. An id that the owner uses already gives that thread.

        Raises:
            ThreadTaken: somebody else has a thread of this id.
        """
        name, now = thread or str(uuid.uuid4()), time.time()
        row = {"id": name, "owner": owner, "created_at": now, "updated_at": now, "image": ""}
        with self._database.begin() as connection:
            insert_or_ignore(connection, threads, {**row, "metadata": dict(metadata or {})})
        try:
            return self.get(owner, name)
        except UnknownThread as error:
            raise ThreadTaken(name) from error

    def get(self, owner: str, thread: str) -> ThreadRecord:
        """A thread of an owner.

        Raises:
            UnknownThread: also where it is somebody else's.
        """
        query = select(threads).where(threads.c.id == thread, threads.c.owner == owner)
        with self._database.begin() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownThread(thread)
        return _record(row)

    def image_of(self, owner: str, thread: str) -> str:
        """Reference of a thread's photo; empty where it has none, or is not there."""
        query = select(threads.c.image).where(threads.c.id == thread, threads.c.owner == owner)
        with self._database.begin() as connection:
            return connection.execute(query).scalar() or ""

    def list(self, owner: str, limit: int, cursor: str | None = None) -> tuple[list[ThreadRecord], str | None]:
        """A page of an owner's threads, the newest first, and the cursor of the next page.

        Raises:
            InvalidCursor
        """
        query = select(threads).where(threads.c.owner == owner)
        if cursor is not None:
            created_at, name = _read_cursor(cursor)
            is_older = and_(threads.c.created_at == created_at, threads.c.id < name)
            query = query.where(or_(threads.c.created_at < created_at, is_older))
        query = query.order_by(threads.c.created_at.desc(), threads.c.id.desc()).limit(limit + 1)
        with self._database.begin() as connection:
            records = [_record(row) for row in connection.execute(query)]
        has_more, page = len(records) > limit, records[:limit]
        return page, _cursor(page[-1]) if has_more else None

    def touch(self, thread: str, **values: Any) -> None:
        """Note that a thread changed; `values` are columns to set."""
        with self._database.begin() as connection:
            statement = update(threads).where(threads.c.id == thread)
            connection.execute(statement.values(updated_at=time.time(), **values))

    def delete(self, thread: str) -> None:
        """Forget a thread."""
        with self._database.begin() as connection:
            connection.execute(delete(threads).where(threads.c.id == thread))


def _record(row: Row) -> ThreadRecord:
    return ThreadRecord(row.id, row.owner, row.created_at, row.updated_at, row.image, row.metadata)


def _cursor(record: ThreadRecord) -> str:
    return base64.urlsafe_b64encode(json.dumps([record.created_at, record.id]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[float, str]:
    try:
        created_at, name = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        position = float(created_at), str(name)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidCursor(cursor) from error
    if not math.isfinite(position[0]) or not _ID.fullmatch(position[1]):  # no database has to see it
        raise InvalidCursor(cursor)
    return position
