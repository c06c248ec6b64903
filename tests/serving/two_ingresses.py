"""Two replicas that count and share their metrics, on a Ray of its own; prints the page that they have in common."""

import ray
from chatedit.serving.metrics import Metrics
from chatedit.serving.metrics_board import PERIOD_S, SharedMetrics
from ray import serve

PERIODS = 4.0


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0})
class Counting:
    def __init__(self) -> None:
        self._metrics = Metrics()
        self._shared = SharedMetrics(self._metrics.exposition)
        self._metrics.turns.labels("success").inc()

    def page(self) -> str:
        return self._shared.page().decode()

    def __del__(self) -> None:
        self._shared.close()


def main() -> None:
    import time

    ray.init(address="local", num_cpus=2, include_dashboard=False, object_store_memory=100_000_000, log_to_driver=False)
    serve.start(proxy_location="Disabled")
    handle = serve.run(Counting.bind(), name="counting", route_prefix=None)
    time.sleep(PERIODS * PERIOD_S)  # until both have published
    print(handle.page.remote().result())
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
