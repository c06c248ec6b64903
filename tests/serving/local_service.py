"""Starts `scripted_service.py` as a process tree of its own, finds its parts, kills them."""

import contextlib
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from scripted import png

TESTS = Path(__file__).parent
START_S = 420.0  # Ray starts slowly where others work too
WAIT_S = 120.0
LISTENING = "0A"  # a state of /proc/net/tcp


@dataclass
class LocalService:
    home: Path
    port: int
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        (self.home / "url").unlink(missing_ok=True)
        path = os.pathsep.join((str(TESTS), str(TESTS.parent / "agent")))
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "CHATEDIT_HOME": str(self.home)}
        with (self.home / "service.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, TESTS / "scripted_service.py", self.home, str(self.port)],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = self.process
        self.until(lambda: (self.home / "url").exists() or process.poll() is not None, START_S)
        assert process.poll() is None, (self.home / "service.log").read_text()[-2000:]

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(WAIT_S)

    def processes(self, title: str = "") -> list[int]:
        """Processes below this service's own (and that one) whose command line has `title`."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (stat := _read(entry / "stat")):
                parent = int(stat.rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
        found = [self.process.pid] if self.process is not None else []
        for pid in found:
            found += children.get(pid, [])
        return [pid for pid in found if title in _read(Path(f"/proc/{pid}/cmdline"))]

    def listening(self) -> list[tuple[str, str, int]]:
        """Title, address and port of everything that this service's processes listen at."""
        owners = {target: pid for pid in self.processes() for target in _links(Path(f"/proc/{pid}/fd"))}
        found = []
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                _, local, _, state, *_, inode = line.split()[:10]
                if state == LISTENING and (pid := owners.get(f"socket:[{inode}]")) is not None:
                    address, port = local.split(":")
                    found.append((_read(Path(f"/proc/{pid}/cmdline")), _address(address), int(port, 16)))
        return found

    def kill(self, title: str) -> None:
        """SIGKILL to every process of this service whose command line has `title`; there must be one."""
        pids = self.processes(title)
        assert pids, f"no process {title}"
        _kill(pids)

    def kill_everything(self) -> None:
        """SIGKILL to all at once."""
        if self.process is not None and self.process.poll() is None:
            _kill(self.processes())
            self.process.wait(WAIT_S)

    def log(self) -> list[list[str]]:
        """What the editors did: (what, pid, key)."""
        path = self.home / "edits.log"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def until(self, is_true: Callable[[], Any], timeout_s: float = WAIT_S) -> Any:
        """Wait for something that another process does."""
        deadline = time.monotonic() + timeout_s
        while not (found := is_true()):
            assert time.monotonic() < deadline, f"waited {timeout_s} s in vain"
            time.sleep(0.05)  # there is nothing else to wait on: it is another process
        return found

    def started_edits(self) -> int:
        return sum(what == "start" for what, *_ in self.log())

    def thread(self, seed: int = 0) -> str:
        """Open a thread about a picture; its id."""
        image = httpx.post(f"{self.url}/v1/images", content=png(seed, 48), timeout=WAIT_S).json()["id"]
        response = httpx.post(f"{self.url}/v1/threads", json={"image": image}, timeout=WAIT_S)
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def say(self, thread: str, words: str, **headers: str) -> httpx.Response:
        """One turn."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.url}/v1/threads/{thread}/turns"
        return httpx.post(url, json={"utterance": words}, headers=sent, timeout=WAIT_S)

    def state(self, thread: str) -> dict[str, Any]:
        return httpx.get(f"{self.url}/v1/threads/{thread}/state", timeout=WAIT_S).json()


def _read(path: Path) -> str:
    """Of a process that may have ended meanwhile."""
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _links(folder: Path) -> list[str]:
    """Where the links of a folder point to; of a process that may have ended meanwhile."""
    found = []
    with contextlib.suppress(OSError):
        for link in folder.iterdir():
            with contextlib.suppress(OSError):
                found.append(os.readlink(link))
    return found


def _address(text: str) -> str:
    """An address of /proc/net: words of four bytes, each in the machine's own order."""
    words = [int(text[place : place + 8], 16).to_bytes(4, sys.byteorder) for place in range(0, len(text), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
