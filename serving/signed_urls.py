"""URLs of pictures that a browser can load without a key, for a while."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlencode

from ..editing.private_file import write_once
from .config import Settings

VALID_S = 24 * 3600
SECRET_FILE = "url-secret"
MIN_SECRET_BYTES = 32


class UrlSigner:
    """Signs what an owner may see.

    Args:
        secret: of this installation.
        clock: seconds since the epoch.
    """

    def __init__(self, secret: bytes, clock: Callable[[], float] = lambda: time.time()) -> None:
        self._secret, self._clock = secret, clock

    def query(self, owner: str, reference: str) -> str:
        """Query of a URL that shows a picture of an owner for one to two days; the same all day long."""
        expires = (int(self._clock()) // VALID_S + 2) * VALID_S
        return urlencode({"by": owner, "expires": expires, "signature": self._sign(owner, reference, expires)})

    def is_valid(self, owner: str, reference: str, expires: int, signature: str) -> bool:
        """Whether we signed this, and it has not expired."""
        expected = self._sign(owner, reference, expires)
        return hmac.compare_digest(expected.encode(), signature.encode()) and self._clock() < expires

    def name(self, owner: str, text: str) -> str:
        """An id that follows from a text, which nobody else can tell."""
        return hmac.new(self._secret, f"name\n{owner}\n{text}".encode(), hashlib.sha256).hexdigest()[:40]

    def _sign(self, owner: str, reference: str, expires: int) -> str:
        text = "\n".join((owner, reference, str(expires)))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()


def signing_secret(settings: Settings) -> bytes:
    """The configured secret, or the one that this machine made for itself.

    Raises:
        ValueError: the file was cut short.
    """
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    path = settings.home / SECRET_FILE
    if not path.exists():
        write_once(path, secrets.token_hex(32).encode())
    secret = path.read_bytes()
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"{path} is damaged: anybody could sign URLs with it. Delete it, and a new one is made")
    return secret
