"""The service's own overhead: turns over HTTP on a real local Ray Serve, models stubbed, beside the graph alone.

`python -m chatedit.eval.bench_serving`. What is left beyond the stubs is HTTP, proxy, graph, checkpoints, bookkeeping,
store and handles.
"""

import io
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

import httpx
from PIL import Image

from ..serving.app_config import AppConfig
from ..serving.application import ModelLoaders, build_with
from ..serving.config import Settings
from ..serving.local_cluster import serving_here
from ..tools.editor import Inversion
from ..tools.errors import EditError
from .bench_agent import StubEditor, StubModel, Timing, time_graph

PORT = 8765
REQUEST_S = 60.0


class StubInverter:
    """Every photo has the same latent."""

    def __init__(self, picture: bytes) -> None:
        self._editor = StubEditor(picture)

    def invert_all(self, images: Sequence[bytes]) -> list[Inversion | EditError]:
        return [self._editor.invert(image) for image in images]


def stub_loaders(picture: bytes) -> ModelLoaders:
    """Models that answer at once."""
    return ModelLoaders(StubModel, lambda: StubInverter(picture), lambda: StubEditor(picture))


def time_turns(num_threads: int = 10, turns: int = 8) -> Timing:
    """Turns of fresh threads, one client after the other; the first thread warms up."""
    unlimited = {"requests_per_minute": None}
    config = AppConfig.model_validate({"preset": None, "second_tracker": None, "ingress": unlimited})
    application = build_with(config, stub_loaders(_png(0)))
    milliseconds: list[float] = []
    with (
        tempfile.TemporaryDirectory() as name,
        serving_here(Settings(home=Path(name), port=PORT), config, application) as (url, _),
        httpx.Client(base_url=url, timeout=REQUEST_S) as client,
    ):
        for number in range(num_threads + 1):
            timed = _time_thread(client, _png(number), turns)
            milliseconds += timed if number else []
    p95_ms = quantiles(milliseconds, n=20)[-1]
    return Timing("turn over HTTP, models stubbed", len(milliseconds), median(milliseconds), p95_ms)


def _time_thread(client: httpx.Client, picture: bytes, turns: int) -> list[float]:
    """Milliseconds of each turn of a new thread."""
    image = client.post("/v1/images", content=picture).raise_for_status().json()["id"]
    thread = client.post("/v1/threads", json={"image": image}).raise_for_status().json()["id"]
    milliseconds = []
    for turn in range(turns):
        started = time.perf_counter()
        client.post(f"/v1/threads/{thread}/turns", json={"utterance": f"turn {turn}"}).raise_for_status()
        milliseconds.append((time.perf_counter() - started) * 1000)
    return milliseconds


def _png(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (seed, 2 * seed, 3 * seed)).save(buffer, format="PNG")
    return buffer.getvalue()


def main() -> None:
    """Print both timings."""
    for timing in (time_graph(), time_turns()):
        print(f"{timing.name:32s} {timing.turns:4d} turns  p50 {timing.p50_ms:8.1f} ms  p95 {timing.p95_ms:8.1f} ms")


if __name__ == "__main__":
    main()
