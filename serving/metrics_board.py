"""Numbers of several ingress replicas as one page: each one puts its own on a board, any one reads them all."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import cast

import ray
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from ray import serve
from ray.actor import ActorHandle
from ray.exceptions import RayError

NAME, NAMESPACE = "chatedit-metrics", "chatedit"
PERIOD_S = 5.0
GONE_AFTER_S = 60.0  # a replica that says nothing any more
CALL_S = 2.0


@ray.remote(num_cpus=0, max_restarts=-1)
class MetricsBoard:
    """Exposition texts by replica."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[float, bytes]] = {}

    def put(self, replica: str, page: bytes) -> None:
        """Keep the newest page of a replica."""
        self._pages[replica] = (time.monotonic(), page)

    def pages(self) -> dict[str, bytes]:
        """Pages of all replicas that live."""
        now = time.monotonic()
        self._pages = {name: held for name, held in self._pages.items() if now - held[0] < GONE_AFTER_S}
        return {name: page for name, (_, page) in self._pages.items()}


class SharedMetrics:
    """Puts the page of this replica on the board, again and again.

    Args:
        own: makes the page.
    """

    def __init__(self, own: Callable[[], bytes]) -> None:
        self._own, self._replica = own, serve.get_replica_context().replica_id.unique_id
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._publish, name="metrics", daemon=True)
        self._thread.start()

    def page(self) -> bytes:
        """All replicas' pages as one, with the label `replica`; this one's alone where the board is gone."""
        own = {self._replica: self._own()}
        try:
            others = cast("dict[str, bytes]", ray.get(_board().pages.remote(), timeout=CALL_S))
        except RayError:
            others = {}
        return merged({**others, **own})

    def close(self) -> None:
        """Stop."""
        self._ended.set()
        self._thread.join(CALL_S)

    def _publish(self) -> None:
        while not self._ended.wait(PERIOD_S):
            try:
                ray.get(_board().put.remote(self._replica, self._own()), timeout=CALL_S)
            except RayError:  # it is being restarted: the next page will do
                continue


def merged(pages: Mapping[str, bytes]) -> bytes:
    """Pages by replica as one page, with the label `replica`."""
    registry = CollectorRegistry()
    registry.register(_Pages(pages))  # type: ignore[arg-type]
    return generate_latest(registry)


class _Pages:
    """A collector of the client library."""

    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self._pages = pages

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for replica, page in self._pages.items():
            for family in text_string_to_metric_families(page.decode()):
                joined = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    joined.add_sample(sample.name, {**sample.labels, "replica": replica}, sample.value)
        return families.values()


def _board() -> ActorHandle:
    return MetricsBoard.options(  # type: ignore[attr-defined]
        name=NAME, namespace=NAMESPACE, lifetime="detached", get_if_exists=True
    ).remote()
