"""Ray Serve on this machine alone."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray import serve
from ray._private import ray_constants
from ray.serve import Application

from .app_config import AppConfig
from .application import build
from .config import Settings

APPLICATION = "chatedit"
OBJECT_STORE_BYTES = 200_000_000
MIN_CPUS = 2  # what one replica of everything reserves; threads, not reservations, take the time

RAY_ENVIRONMENT = {
    ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR: "0",  # all of Ray's ports on loopback, as by default on a Mac
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # Ray gives way to everything else by default (15); people wait for these
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",  # a laptop under load starts slowly; 5 s would kill the proxy
}
NUM_STARTS = 3  # of a minute each
LOGGING = {"enable_access_log": False}  # the ingress logs each request itself


@contextmanager
def serving_here(
    settings: Settings, args: AppConfig, application: Application | None = None
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Start Ray and the application; its URL, and a function that waits until the process is told to stop.

    Logs go to `logs/service.jsonl` in the settings' home, unless they name another file.

    There is no dashboard. Ray's own ports are on loopback, whatever address the service itself has, but for one port of
    each replica, whose address is fixed in Ray Serve. All answer only to who has Ray's token (`~/.ray/auth_token`).

    Args:
        application: instead of `build(args)`.
    """
    log_file = settings.log_file or settings.home / "logs" / "service.jsonl"
    settings = settings.on_this_machine().model_copy(update={"log_file": log_file})
    settings.export()  # the replicas read their settings from the environment
    for name, value in RAY_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    ray_constants.ENABLE_RAY_CLUSTER = False  # what the variable above says; Ray read it when it was imported
    ray.init(
        address="local",
        num_cpus=max(MIN_CPUS, os.cpu_count() or 1),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        configure_logging=False,
    )
    _protect(Path.home() / ".ray" / "auth_token")
    try:
        _start_proxy({"host": settings.host, "port": settings.port, "keep_alive_timeout_s": 90})
        running = build(args) if application is None else application
        serve.run(running, name=APPLICATION, route_prefix="/", logging_config=LOGGING)
        stopped = threading.Event()
        for kind in (signal.SIGTERM, signal.SIGINT):  # after ray.init, which sets its own
            signal.signal(kind, lambda *_: stopped.set())
        yield f"http://{settings.host}:{settings.port}", lambda: _wait(stopped)
    finally:
        _drain(max(args.ingress.graceful_shutdown_timeout_s, args.editor.graceful_shutdown_timeout_s))
        serve.shutdown()
        ray.shutdown()


def _protect(token: Path) -> None:
    """Let nobody else here read Ray's token, with which any code can be run; Ray leaves that to the umask."""
    if token.is_file() and token.stat().st_uid == os.getuid():
        token.chmod(0o600)


def _start_proxy(http_options: dict[str, Any]) -> None:
    for attempt in range(NUM_STARTS):
        try:
            serve.start(http_options=http_options, logging_config=LOGGING)
            return
        except TimeoutError:  # it is still starting
            if attempt == NUM_STARTS - 1:
                raise


def _drain(allowed_s: float) -> None:
    """Take no new requests and finish what runs, while the proxy still carries the answers."""
    deadline = time.monotonic() + allowed_s
    while time.monotonic() < deadline:
        try:
            serve.delete(APPLICATION)
            return
        except TimeoutError:  # after a minute: ask again
            continue


def _wait(stopped: threading.Event) -> None:
    while not stopped.wait(1.0):  # signals are handled between the waits
        pass
