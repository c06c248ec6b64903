"""Ray Serve on this machine alone, closed to others."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ray
from ray import serve
from ray.serve import Application

from .app_config import AppConfig
from .application import build
from .config import Settings

APPLICATION = "chatedit"
OBJECT_STORE_BYTES = 200_000_000
MIN_CPUS = 2  # what one replica of everything reserves; threads, not reservations, take the time


@contextmanager
def serving_here(
    settings: Settings, args: AppConfig, application: Application | None = None
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Start Ray and the application; its URL, and a function that waits until the process is told to stop.

    Ray's own ports listen on the loopback address only, and there is no dashboard.

    Args:
        application: instead of `build(args)`.
    """
    settings.export()  # the replicas read their settings from the environment
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    stopped = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stopped.set())
    ray.init(
        address="local",
        num_cpus=max(MIN_CPUS, os.cpu_count() or 1),
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        configure_logging=False,
    )
    try:
        serve.start(http_options={"host": settings.host, "port": settings.port, "keep_alive_timeout_s": 90})
        serve.run(build(args) if application is None else application, name=APPLICATION, route_prefix="/")
        yield f"http://{settings.host}:{settings.port}", lambda: _wait(stopped)
    finally:
        serve.shutdown()  # drains
        ray.shutdown()


def _wait(stopped: threading.Event) -> None:
    while not stopped.wait(1.0):  # signals are handled between the waits
        pass
