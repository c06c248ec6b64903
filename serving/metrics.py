"""What a process measures, for Prometheus. `deploy/grafana-dashboard.json` shows all of it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TURN_BUCKETS_S = (0.01, 0.03, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 60.0, 120.0)
HTTP_BUCKETS_S = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 120.0)
STAGES = ("track", "edit", "respond", "whole")


class Metrics:
    """Instruments of one ingress, in a registry of their own. Everything that is edited goes through an ingress.

    Attributes:
        registry: what `exposition` writes.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"chatedit_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"chatedit_{name}", text, registry=registry)

        self.turn_seconds = Histogram(
            "chatedit_turn_seconds", "Turns by stage.", ["stage"], buckets=TURN_BUCKETS_S, registry=registry
        )
        self.turns = counter("turns", "Turns by how they ended: success, or the name of an error.", "outcome")
        self.turns_running = gauge("turns_running", "Turns that run now.")
        self.turn_slots = gauge("turn_slots", "Turns that may run at once.")
        self.edits = counter("edits", "Edits by how they ended: success, or the name of an error.", "outcome")
        self.edit_steps = counter("edit_steps", "Optimiser steps taken.")
        self.edits_waiting = gauge("edits_waiting", "Edits that were asked for and have taken no step yet.")
        self.edits_running = gauge("edits_running", "Edits that are being optimised.")
        self.opinions = counter(
            "opinions", "What the second tracker thinks of the first: agrees, differs, error.", "tracker", "opinion"
        )
        self.http_requests = counter("http_requests", "Requests.", "method", "route", "status")
        self.http_seconds = Histogram(
            "chatedit_http_request_seconds", "Requests by route.", ["route"], buckets=HTTP_BUCKETS_S, registry=registry
        )
        self.throttled = counter("throttled", "Requests answered with 429, by the name of the problem.", "problem")

    def exposition(self) -> bytes:
        """All numbers in Prometheus' text format."""
        return generate_latest(self.registry)

    def note_opinion(self, record: dict) -> None:
        """Count a record of `agent.second_opinion`."""
        opinion = "error" if record["error"] else "agrees" if record["agrees"] else "differs"
        self.opinions.labels(record["tracker"], opinion).inc()
