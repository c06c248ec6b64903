import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from chatedit.agent.checkpointers import open_checkpointer
from chatedit.agent.errors import ThreadsUnavailable
from chatedit.agent.thread_leases import PostgresLeases
from langgraph.checkpoint.base import id as checkpoint_id
from one_conversation import make

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def test_a_thread_outlives_its_process_in_sqlite(tmp_path: Path):
    with open_checkpointer(tmp_path / "threads.sqlite") as checkpointer:
        make(tmp_path, checkpointer=checkpointer).talk.say("t", "add lipstick")
    with open_checkpointer(tmp_path / "threads.sqlite") as checkpointer:
        setup = make(tmp_path, checkpointer=checkpointer)
        assert setup.talk.state("t")["belief_state"] == {"makeup": ["lipstick"]}
        assert setup.talk.undo("t").turn["version"] == 0
        assert setup.talk.redo("t").turn["version"] == 1


def test_a_clock_that_was_set_back_loses_no_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with open_checkpointer(tmp_path / "threads.sqlite") as checkpointer:
        talk = make(tmp_path, checkpointer=checkpointer).talk
        talk.say("t", "add lipstick")
        talk.say("t", "add bangs")
    an_hour_ago = time.time_ns() - 3600 * 10**9
    monkeypatch.setattr(checkpoint_id.time, "time_ns", lambda: an_hour_ago)
    monkeypatch.setattr(checkpoint_id, "_last_v6_timestamp", None)  # another process
    with open_checkpointer(tmp_path / "threads.sqlite") as checkpointer:
        talk = make(tmp_path, checkpointer=checkpointer).talk
        talk.say("t", "add pale skin")
        assert talk.state("t")["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick", "pale skin"]}
        assert len(talk.history("t")) == 4
        talk.say("t", "add goatee", after=1)  # from an older checkpoint
        assert len(talk.history("t")) == 5
        assert talk.state("t")["belief_state"] == {"hair": ["goatee"], "makeup": ["lipstick"]}


def test_objects_that_are_not_plain_data_are_not_read_back(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with open_checkpointer(tmp_path / "threads.sqlite") as checkpointer:
        strange = checkpointer.serde.dumps_typed(_Strange(3))
        assert not isinstance(checkpointer.serde.loads_typed(strange), _Strange)
        make(tmp_path, checkpointer=checkpointer).talk.say("t", "add lipstick")
        assert "Blocked" in caplog.text
        caplog.clear()
    with open_checkpointer(tmp_path / "threads.sqlite") as checkpointer:
        make(tmp_path, checkpointer=checkpointer).talk.state("t")
    assert "Blocked" not in caplog.text  # nothing of our own state is blocked


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("mysql://me:hush@there/threads", "give postgresql://"),
        ("postgresql://me:hush@127.0.0.1:1/threads", "127.0.0.1"),
        ("postgresql://me:hu%zzsh@127.0.0.1/threads", "DSN cannot be read"),
        ("postgresql://me@127.0.0.1:1/threads?nonsense=hush", "DSN cannot be read"),
    ],
)
def test_a_place_that_cannot_be_used_is_named_without_its_password(dsn: str, told: str):
    with pytest.raises(ThreadsUnavailable, match=told) as raised, open_checkpointer(dsn):
        pass
    assert "hush" not in str(raised.value)
    assert "hu%" not in str(raised.value)


def test_a_file_that_cannot_be_made_or_is_something_else_is_named(tmp_path: Path):
    (tmp_path / "text").write_text("no database, but long enough to be taken for one" * 100)
    for where in (tmp_path / "text", tmp_path / "text" / "threads.sqlite"):
        with pytest.raises(ThreadsUnavailable, match=str(where)), open_checkpointer(where):
            pass


def test_what_goes_wrong_later_stays_the_databases_own_error(tmp_path: Path):
    with pytest.raises(sqlite3.OperationalError), open_checkpointer(tmp_path / "threads.sqlite"):
        raise sqlite3.OperationalError("disk I/O error")


def test_postgresql_needs_its_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    with pytest.raises(ThreadsUnavailable, match=r"chatedit\[postgres\]"), open_checkpointer("postgresql://h/db"):
        pass


@dataclass
class _Strange:
    number: int


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL server of our own, reachable through a socket in `folder` only."""
    tools = {name: _tool(name) for name in ("initdb", "pg_ctl")}
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    data = folder / "data"
    if as_user:
        for path in (folder, *folder.parents):
            if path.stat().st_uid == 0 and path not in (Path("/"), Path("/tmp")):
                path.chmod(path.stat().st_mode | 0o011)
        shutil.chown(folder, "postgres", "postgres")
    run = {"check": True, "capture_output": True, "cwd": folder, "timeout": 60}
    subprocess.run([*as_user, tools["initdb"], "-D", data, "-U", "chatedit", "-A", "trust", "-N"], **run)
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    start = [*as_user, tools["pg_ctl"], "-D", data, "-o", options, "-l", folder / "log", "-w", "start"]
    subprocess.run(start, **{**run, "capture_output": False, "stdout": subprocess.DEVNULL})
    try:
        yield f"postgresql://chatedit@/postgres?host={folder}"
    finally:
        subprocess.run([*as_user, tools["pg_ctl"], "-D", data, "-m", "immediate", "-w", "stop"], **run)


def _tool(name: str) -> str:
    found = shutil.which(name) or next((str(place / name) for place in DEBIAN if (place / name).exists()), None)
    if found is None:
        pytest.skip(f"no local PostgreSQL: {name} is not installed")
    if os.geteuid() == 0 and (shutil.which("setpriv") is None or not _has_user("postgres")):
        pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres to run it as")
    return found


def _has_user(name: str) -> bool:
    return any(line.startswith(f"{name}:") for line in Path("/etc/passwd").read_text().splitlines())


def test_postgresql_keeps_threads_and_leases(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path):
    folder = tmp_path_factory.mktemp("pg")  # short: a socket's path may have 107 bytes
    with postgres(folder) as dsn:
        with open_checkpointer(dsn) as checkpointer:
            setup = make(tmp_path, checkpointer=checkpointer)
            setup.talk.say("t", "add lipstick")
            setup.talk.say("t", "add bangs")
        with open_checkpointer(dsn) as checkpointer:
            setup = make(tmp_path, checkpointer=checkpointer)
            assert setup.talk.undo("t").turn["belief_state"] == {"makeup": ["lipstick"]}
            assert setup.talk.say("t", "redo").turn["version"] == 2
        leases = PostgresLeases(dsn)
        with leases.hold("t") as mine, leases.hold("t") as second, leases.hold("other") as other:
            assert (mine, second, other) == (True, False, True)
        with leases.hold("t") as again:
            assert again
            with leases.hold("t", timeout_s=0.1) as waiting:
                assert not waiting
