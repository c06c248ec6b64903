"""API keys: shown once, kept as a hash, checked in constant time."""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import select, update

from .database import Database, api_keys
from .errors import NotAuthenticated

_KEY = re.compile(r"ck_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NO_DIGEST = "0" * 64
LOCAL_OWNER = "local"
"""Who everybody is where no keys are needed."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key without its secret: id, whose threads it sees, a name for people, whether it was revoked."""

    id: str
    owner: str
    name: str
    is_revoked: bool


class KeyRing:
    """The keys of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, owner: str | None = None) -> str:
        """A new key, to be shown once.

        Args:
            name: for people.
            owner: whose threads it sees, so that a key can be replaced by another; an owner of its own where None.
        """
        key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        row = {"id": key_id, "digest": _digest(secret), "owner": owner or key_id, "name": name}
        with self._database.begin() as connection:
            connection.execute(api_keys.insert().values(**row, created_at=time.time()))
        return f"ck_{key_id}_{secret}"

    def owner_of(self, key: str | None) -> str:
        """Who sent a key.

        Raises:
            NotAuthenticated
        """
        match = _KEY.fullmatch(key or "")
        if match is None:
            raise NotAuthenticated
        query = select(api_keys.c.digest, api_keys.c.owner).where(
            api_keys.c.id == match[1], api_keys.c.revoked_at.is_(None)
        )
        with self._database.begin() as connection:
            row = connection.execute(query).one_or_none()
        # compared even where there is no such key, so that an id cannot be told by the time
        is_right = hmac.compare_digest(_digest(match[2]), row.digest if row else _NO_DIGEST)
        if row is None or not is_right:
            raise NotAuthenticated
        return row.owner

    def revoke(self, key_id: str) -> bool:
        """Make a key useless; False where there is no such key."""
        with self._database.begin() as connection:
            statement = update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=time.time())
            return connection.execute(statement).rowcount > 0

    def list(self) -> list[KeyRecord]:
        """All keys, the oldest first."""
        with self._database.begin() as connection:
            rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at)).all()
        return [KeyRecord(row.id, row.owner, row.name, row.revoked_at is not None) for row in rows]


def _digest(secret: str) -> str:
    # 256 random bits need no slow hash
    return hashlib.sha256(secret.encode()).hexdigest()
