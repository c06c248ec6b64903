"""Prometheus' text format, for tests to look into."""

from prometheus_client.parser import text_string_to_metric_families


def numbers(text: str) -> dict[tuple[str, ...], float]:
    """`(name, label value, ...)` -> value, label values sorted by the names of their labels."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
