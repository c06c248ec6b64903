"""A collector of OpenTelemetry traces on this machine: what an exporter sends by OTLP over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class SentSpan(NamedTuple):
    name: str
    trace: str
    id: str
    parent: str
    text: str


@contextmanager
def collecting() -> Iterator[tuple[str, list[SentSpan]]]:
    """The endpoint, and the spans that have arrived so far."""
    spans: list[SentSpan] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = ExportTraceServiceRequest()
            request.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(
                        SentSpan(s.name, s.trace_id.hex(), s.span_id.hex(), s.parent_span_id.hex(), str(s))
                        for s in scope.spans
                    )
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
