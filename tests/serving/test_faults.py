"""A full disk and a store that is gone: nothing is lost, and what was refused works again later."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from chatedit.serving.database import Database
from chatedit.serving.errors import DatabaseUnavailable
from chatedit.tools.errors import StoreUnavailable
from chatedit.tools.leases import FolderLeases
from chatedit.tools.store import Store
from one_server import Server, serve
from scripted import png
from sqlalchemy.exc import TimeoutError as PoolExhausted


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take the space that is left."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"\0" * 4096)
            except OSError:
                return path


def test_a_full_disk_under_the_pictures_refuses_and_recovers(tmp_path: Path, small_disk: Path):
    with serve(tmp_path / "home", store=str(small_disk / "pictures")) as server:
        thread = server.thread()
        first = server.say(thread, "add bangs")
        filler = fill(small_disk)
        upload = server.client.post("/v1/images", content=png(9, 256))
        turn = server.post(thread, "turns", {"utterance": "add lipstick"}, idempotency_key="k")
        assert [upload.status_code, turn.status_code] == [507, 507]
        assert turn.headers["retry-after"]
        assert server.client.get("/ready").status_code == 503
        assert server.client.get(first["turn"]["image"]["url"]).status_code == 200
        filler.unlink()
        assert server.client.get("/ready").status_code == 200
        answer = server.say(thread, "add lipstick", idempotency_key="k")
        assert answer["turn"]["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}
        assert server.client.get(f"/v1/threads/{thread}/state").json()["num_turns"] == 2


def test_a_full_disk_under_everything_refuses_and_recovers(small_disk: Path):
    with serve(small_disk / "home") as server:
        thread = server.thread()
        server.say(thread, "add bangs")
        filler = fill(small_disk)
        refused = server.post(thread, "turns", {"utterance": "add lipstick"}, idempotency_key="k")
        assert refused.status_code in (503, 507), refused.text
        filler.unlink()
        answer = server.say(thread, "add lipstick", idempotency_key="k")
        assert answer["turn"]["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}
        assert server.client.get(f"/v1/threads/{thread}/state").json()["num_turns"] == 2


def test_a_store_that_is_gone_refuses_and_recovers(tmp_path: Path):
    with serve(tmp_path) as server:
        thread = server.thread()
        pictures, away = tmp_path / "pictures", tmp_path / "away"
        shutil.move(pictures, away)
        pictures.write_text("a file stands where the folder should be")
        assert server.client.post("/v1/images", content=png(9, 48)).status_code == 503
        turn = server.post(thread, "turns", {"utterance": "add bangs"})
        assert turn.status_code == 503
        assert turn.json()["type"] == "urn:chatedit:error:StoreUnavailable"
        assert str(tmp_path) not in turn.text
        pictures.unlink()
        shutil.move(away, pictures)
        assert server.say(thread, "add bangs")["turn"]["version"] == 1


def test_the_store_may_be_any_file_system_that_fsspec_knows(tmp_path: Path):
    with pytest.raises(ValueError, match="leases"):
        Store("memory://pictures")
    store = Store("memory://pictures", FolderLeases(tmp_path))
    reference = store.put_image(b"picture")
    assert store.image(reference) == b"picture"
    assert fsspec.filesystem("memory").find("/pictures")
    store.delete_image(reference)
    store.delete_image(reference)
    with pytest.raises(Exception, match="no image"):
        store.image(reference)


def test_an_unreachable_object_store_is_a_typed_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = Store("memory://pictures", FolderLeases(tmp_path))

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(fsspec.implementations.memory.MemoryFileSystem, "pipe_file", unreachable)
    with pytest.raises(StoreUnavailable, match="no route"):
        store.put_image(b"another picture")


def test_a_database_that_is_locked_refuses_for_a_while(server: Server, monkeypatch: pytest.MonkeyPatch):
    import sqlite3

    thread = server.thread()
    real = server.border.service.talk.say

    def locked(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(server.border.service.talk, "say", locked)
    refused = server.post(thread, "turns", {"utterance": "add bangs"})
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:chatedit:error:DatabaseUnavailable")
    assert "locked" not in refused.text
    monkeypatch.setattr(server.border.service.talk, "say", real)
    assert server.say(thread, "add bangs")["turn"]["version"] == 1


def test_connections_that_are_all_taken_are_a_typed_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    database = Database(f"sqlite:///{tmp_path / 'service.sqlite'}")

    def taken() -> None:
        raise PoolExhausted("QueuePool limit of size 5 overflow 10 reached")

    monkeypatch.setattr(database._engine, "begin", taken)
    with pytest.raises(DatabaseUnavailable), database.begin():
        pass
