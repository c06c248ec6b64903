"""Idempotency keys: a call that is repeated is done once, also across a crash."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from .database import Database, calls, insert_or_ignore
from .errors import KeyReused

KEPT_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        message_id: by which the conversation recognises what it did already.
        answer: what the call came to, where it is done.
        key: the caller's key; None where the caller gave none.
    """

    message_id: str
    answer: dict[str, Any] | None = None
    key: str | None = None


class Calls:
    """Calls of all owners.

    Args:
        database: where they are kept.
        name: of an owner and a text: an id that nobody else can tell. The id of a call follows from its key, so that a
            conversation recognises a call even where its row is gone (the clock jumped a day ahead).
    """

    def __init__(self, database: Database, name: Callable[[str, str], str]) -> None:
        self._database, self._name = database, name

    def begin(self, owner: str, key: str | None, thread: str, *request: Any) -> Call:
        """A new call, or the one that the key names.

        A call without an answer (cancelled, or left by a killed process) begins again under its old message id, so
        that nothing is done twice.

        Raises:
            KeyReused: the key came with another request.
        """
        if key is None:
            return Call(str(uuid.uuid4()))
        digest = hashlib.sha256(json.dumps([thread, *request], sort_keys=True).encode()).hexdigest()
        new = Call(self._name(owner, f"call\n{key}\n{digest}"), key=key)
        row = {"owner": owner, "key": key, "thread": thread, "fingerprint": digest, "message_id": new.message_id}
        mine = (calls.c.owner == owner) & (calls.c.key == key)
        with self._database.begin() as connection:
            connection.execute(delete(calls).where(calls.c.created_at < time.time() - KEPT_S))
            if insert_or_ignore(connection, calls, {**row, "created_at": time.time()}):
                return new
            found = connection.execute(select(calls).where(mine)).one()
        if found.fingerprint != digest:
            raise KeyReused(key)
        return Call(found.message_id, found.answer, key)

    def finish(self, owner: str, call: Call, answer: dict[str, Any]) -> None:
        """Keep the answer for whoever repeats the call."""
        if call.key is None:
            return
        mine = (calls.c.owner == owner) & (calls.c.key == call.key)
        with self._database.begin() as connection:
            connection.execute(update(calls).where(mine).values(answer=answer))

    def delete_thread(self, thread: str) -> None:
        """Forget the calls of a thread."""
        with self._database.begin() as connection:
            connection.execute(delete(calls).where(calls.c.thread == thread))
