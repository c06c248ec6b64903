"""Spans of OpenTelemetry, across processes. Without a configured exporter they cost next to nothing.

Spans hold ids, counts and names of errors, never words of people or messages of errors (which may quote them).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

Carrier = Mapping[str, str]
"""A span's identity on its way to another process, as W3C's `traceparent`; empty where nothing is traced."""


@contextmanager
def span(
    name: str, parent: Carrier | None = None, kind: SpanKind = SpanKind.INTERNAL, **attributes: str | int | float
) -> Iterator[Span]:
    """A span around the block; the current one is its parent unless another process sent one."""
    context = propagate.extract(parent) if parent else None
    tracer = trace.get_tracer("chatedit")
    with tracer.start_as_current_span(
        name, context, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def carrier() -> dict[str, str]:
    """The current span, to be sent along."""
    held: dict[str, str] = {}
    propagate.inject(held)
    return held
