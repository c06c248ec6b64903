"""Settings of a process, from the environment; nothing else reads it. Sizes of the service are in `ray_config.yaml`."""

import ipaddress
import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ..agent.checkpointers import is_postgres

PREFIX = "CHATEDIT_"
LOOPBACK = "127.0.0.1"


class Settings(BaseSettings):
    """Paths, URLs and secrets: `CHATEDIT_HOME`, `CHATEDIT_DATABASE` and so on.

    Attributes:
        home: folder of everything that is kept on this machine.
        store: folder or fsspec URL of the pictures; `home/pictures` where None.
        database: `postgresql://...` of threads, leases and bookkeeping; SQLite files in `home` where None.
        host: address that `chatedit serve` binds to, 127.0.0.1 where None; a cluster's is in `ray_config.yaml`.
        port: its port.
        auth: whether API keys are needed; `auto` is `on`, but for `chatedit serve` at a loopback address.
        secret: signs the URLs of pictures; kept in a file of `home` where None (set it where several machines serve).
        public_url: how clients reach the service; from the request where None.
        cors_origins: web pages that may call the API, such as LangGraph's chat front ends.
        metrics_token: bearer token of `/metrics`, which is closed without it where API keys are needed.
        log_file: JSON lines are appended to it; stderr of each replica where None.
        log_level: `DEBUG`, `INFO`, `WARNING`, `ERROR`.
        log_error_messages: log messages of errors too, which may quote what people said.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    home: Path = Field(default_factory=lambda: Path.home() / ".local" / "share" / "chatedit")
    store: str | None = None
    database: SecretStr | None = None
    host: str | None = None
    port: int = Field(default=8000, ge=0, le=65535)
    auth: Literal["auto", "on", "off"] = "auto"
    secret: SecretStr | None = Field(default=None, min_length=16)
    public_url: str | None = None
    cors_origins: tuple[str, ...] = ()
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    log_file: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_error_messages: bool = False

    @property
    def needs_keys(self) -> bool:
        """Whether callers must send an API key."""
        return self.auth != "off"

    def on_this_machine(self) -> Self:
        """As `chatedit serve` takes them: at 127.0.0.1 where no host is given; without keys where nobody else comes.

        A replica cannot tell by `host` where the proxy in front of it listens; this is for whoever starts the proxy.
        """
        host = self.host or LOOPBACK
        auth = "off" if self.auth == "auto" and is_loopback(host) else self.auth
        return self.model_copy(update={"host": host, "auth": auth})

    @property
    def store_location(self) -> str:
        """Folder or URL of the pictures."""
        return self.store or str(self.home / "pictures")

    @property
    def postgres(self) -> str | None:
        """The DSN where PostgreSQL is used."""
        dsn = self.database.get_secret_value() if self.database else None
        if dsn is not None and not is_postgres(dsn):
            raise ValueError(f"{PREFIX}DATABASE must be postgresql://...; leave it out for SQLite")
        return dsn

    @property
    def database_url(self) -> str:
        """Of the bookkeeping, in SQLAlchemy's form."""
        if (dsn := self.postgres) is None:
            return f"sqlite:///{self.home / 'service.sqlite'}"
        return "postgresql+psycopg://" + dsn.split("://", 1)[1]

    def export(self) -> None:
        """Put everything into this process's environment, for the processes that it starts."""
        for name, value in self.model_dump(mode="json", exclude_none=True).items():
            held = getattr(self, name)
            text = held.get_secret_value() if isinstance(held, SecretStr) else value
            os.environ[PREFIX + name.upper()] = text if isinstance(text, str) else _json(text)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _json(value: object) -> str:
    import json

    return json.dumps(value)
