"""Bytes by name on any file system that fsspec knows: a local folder, S3, memory."""

import os
import sys
import tempfile
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from .errors import StoreUnavailable, UnknownImage


class Blobs:
    """Files below a folder or URL. A file is there whole or not at all.

    Args:
        location: a path, or a URL such as `s3://bucket/prefix` (its file system's package must be installed).
    """

    def __init__(self, location: str | Path) -> None:
        self._fs, root = fsspec.core.url_to_fs(str(location))
        self._root = str(root).rstrip("/")
        self._is_local = isinstance(self._fs, LocalFileSystem)

    @property
    def folder(self) -> Path | None:
        """The local folder; None elsewhere."""
        return Path(self._root) if self._is_local else None

    def exists(self, name: str) -> bool:
        """Whether there is such a file. Raises: StoreUnavailable."""
        try:
            return self._fs.isfile(self._path(name))
        except _backend_errors() as error:
            raise StoreUnavailable(str(error)) from error

    def read(self, name: str) -> bytes:
        """All bytes of a file.

        Raises:
            UnknownImage: there is none; its argument is the last part of the name.
            StoreUnavailable
        """
        try:
            return self._fs.cat_file(self._path(name))
        except FileNotFoundError as error:
            raise UnknownImage(name.rsplit("/", 1)[-1]) from error
        except _backend_errors() as error:
            raise StoreUnavailable(str(error)) from error

    def write(self, name: str, data: bytes) -> None:
        """Write a file, replacing what is there. Raises: StoreUnavailable."""
        path = self._path(name)
        try:
            if self._is_local:
                _write_local(Path(path), data)
            else:  # object stores show an object only when all of it has arrived
                self._fs.pipe_file(path, data)
        except _backend_errors() as error:
            raise StoreUnavailable(str(error)) from error

    def delete(self, name: str) -> None:
        """Remove a file; nothing happens where there is none. Raises: StoreUnavailable."""
        try:
            self._fs.rm_file(self._path(name))
        except FileNotFoundError:
            return
        except _backend_errors() as error:
            raise StoreUnavailable(str(error)) from error

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _write_local(path: Path, data: bytes) -> None:
    """All of the file or nothing, even where the process is killed in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _backend_errors() -> tuple[type[BaseException], ...]:
    """What a file system raises when it cannot be used; botocore's errors (S3) are no OSErrors."""
    botocore = sys.modules.get("botocore.exceptions")
    return (OSError,) if botocore is None else (OSError, botocore.BotoCoreError, botocore.ClientError)
