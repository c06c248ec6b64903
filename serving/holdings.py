"""Who holds which picture and edit. What nobody holds any more is deleted from the store."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy import delete, select

from ..tools.errors import StoreUnavailable
from ..tools.store import Store, content_key
from .database import Database, holdings, insert_or_ignore

Kind = Literal["image", "edit", "inversion"]
UPLOADED = ""
"""Instead of a thread: an upload that its owner holds by itself."""
LEASE_S = 10.0


class Holdings:
    """Holdings of all owners.

    Pictures are stored once, however many owners have them; nobody sees one that they do not hold.
    """

    def __init__(self, database: Database, store: Store) -> None:
        self._database, self._store = database, store

    def add(self, owner: str, thread: str, kind: Kind, key: str) -> None:
        """Let a thread of an owner hold something."""
        row = {"owner": owner, "thread": thread, "kind": kind, "key": key, "created_at": time.time()}
        with self._database.begin() as connection:
            insert_or_ignore(connection, holdings, row)

    def put_image(self, owner: str, data: bytes) -> str:
        """Store an upload; its reference."""
        reference = hashlib.sha256(data).hexdigest()
        with self._guarded("image", reference):  # nobody deletes it in between
            self._store.put_image(data)
            self.add(owner, UPLOADED, "image", reference)
        return reference

    def has(self, owner: str, kind: Kind, key: str) -> bool:
        """Whether an owner holds something, in any thread."""
        query = select(holdings.c.key).where(holdings.c.owner == owner, holdings.c.kind == kind, holdings.c.key == key)
        with self._database.begin() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def threads_with(self, owner: str, kind: Kind, key: str) -> list[str]:
        """Threads of an owner that hold something, uploads excluded."""
        query = select(holdings.c.thread).where(
            holdings.c.owner == owner, holdings.c.kind == kind, holdings.c.key == key, holdings.c.thread != UPLOADED
        )
        with self._database.begin() as connection:
            return list(connection.execute(query).scalars())

    def of_thread(self, owner: str, thread: str) -> list[tuple[Kind, str]]:
        """What a thread holds."""
        query = select(holdings.c.kind, holdings.c.key).where(holdings.c.owner == owner, holdings.c.thread == thread)
        with self._database.begin() as connection:
            return [(row.kind, row.key) for row in connection.execute(query)]

    def release_thread(self, owner: str, thread: str, editor_version: str) -> None:
        """Give up everything of a thread, the uploads it was made from included unless another thread needs them.

        Safe to repeat after a crash.
        """
        for kind, key in self.of_thread(owner, thread):
            if kind == "image" and self.threads_with(owner, kind, key) == [thread]:
                self.release(owner, UPLOADED, kind, key, editor_version)
            self.release(owner, thread, kind, key, editor_version)

    def release(self, owner: str, thread: str, kind: Kind, key: str, editor_version: str) -> None:
        """Give up one holding; delete what it held where it was the last."""
        with self._guarded(kind, key):
            others = select(holdings.c.key).where(
                holdings.c.kind == kind,
                holdings.c.key == key,
                ~((holdings.c.owner == owner) & (holdings.c.thread == thread)),
            )
            with self._database.begin() as connection:
                is_last = connection.execute(others.limit(1)).first() is None
            if is_last:
                self._delete(kind, key, editor_version)
            with self._database.begin() as connection:  # after the file: a crash leaves a holding, never a stray file
                connection.execute(
                    delete(holdings).where(
                        holdings.c.owner == owner,
                        holdings.c.thread == thread,
                        holdings.c.kind == kind,
                        holdings.c.key == key,
                    )
                )

    @contextmanager
    def _guarded(self, kind: Kind, key: str) -> Iterator[None]:
        with self._store.lease(content_key("holding", kind, key), LEASE_S) as is_mine:
            if not is_mine:
                raise StoreUnavailable("another request keeps this picture busy")
            yield

    def _delete(self, kind: Kind, key: str, editor_version: str) -> None:
        if kind == "edit":
            self._store.delete_edit(key)
        elif kind == "inversion":  # its key is the photo's reference
            self._store.delete_inversion(key, editor_version)
        else:
            self._store.delete_image(key)
