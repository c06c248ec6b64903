"""Logs and traces of a process, as its settings and OpenTelemetry's own environment say."""

import os
from importlib.metadata import entry_points

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from .config import Settings
from .log_lines import install_json_lines

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_ENTRY_POINTS = {"otlp": "otlp_proto_http"}  # the specification's name -> the package's


class NoExporter(Exception):
    """Traces are asked for, and cannot be sent. Args: name of the exporter."""

    def __str__(self) -> str:
        return f"there is no exporter {self.args[0]!r} for traces: pip install 'chatedit[otel]', or unset OTEL_*"


def install_telemetry(settings: Settings) -> None:
    """For a replica: JSON lines, and traces where OTEL_* asks for them. May be called again.

    Raises:
        NoExporter
    """
    install_json_lines(settings.log_file, settings.log_level, settings.log_error_messages)
    install_tracing()


def install_tracing() -> bool:
    """Send spans where the environment names an exporter or an endpoint; whether they are sent.

    Raises:
        NoExporter
    """
    name = os.environ.get("OTEL_TRACES_EXPORTER", "")
    is_wanted = name != "none" and bool(name or any(os.environ.get(one) for one in ENDPOINTS))
    if not is_wanted or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        service = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "chatedit"}
        provider = TracerProvider(resource=Resource.create(service))
        provider.add_span_processor(BatchSpanProcessor(_exporter(name or "otlp")))
        trace.set_tracer_provider(provider)
    return True


def _exporter(name: str) -> SpanExporter:
    for entry in entry_points(group="opentelemetry_traces_exporter", name=_ENTRY_POINTS.get(name, name)):
        return entry.load()()
    raise NoExporter(name)
