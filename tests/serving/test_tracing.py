"""Traces in this process; across processes they are tested in `test_cluster_observed.py`."""

import pytest
from chatedit.serving import telemetry
from chatedit.serving.telemetry import NoExporter, install_tracing
from chatedit.tools.tracing import carrier, span
from one_server import Server
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

WORDS = "my secret words about Aunt Mary"


def test_a_turn_is_traced_below_its_request_and_below_the_callers_trace(spans: InMemorySpanExporter, server: Server):
    thread = server.thread()
    spans.clear()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    server.post(thread, "turns", {"utterance": f"add bangs; {WORDS}"}, traceparent=parent)
    found = {one.name: one for one in spans.get_finished_spans()}
    request, turn = found["POST /v1/threads/{thread}/turns"], found["turn"]
    assert request.parent is not None
    assert turn.parent is not None
    assert f"{request.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert turn.parent.span_id == request.context.span_id
    assert dict(turn.attributes or {}) == {"thread": thread}
    assert "secret" not in "".join(one.to_json() for one in spans.get_finished_spans())


def test_an_error_is_named_and_not_quoted(spans: InMemorySpanExporter):
    with pytest.raises(ValueError, match="secret"), span("work"):
        raise ValueError(WORDS)
    [found] = spans.get_finished_spans()
    assert (found.status.description, found.events) == ("ValueError", ())
    assert "secret" not in found.to_json()


def test_a_span_goes_on_where_another_process_sent_it(spans: InMemorySpanExporter):
    with span("here") as here:
        sent = carrier()
    with span("there", sent) as there:
        pass
    assert there.get_span_context().trace_id == here.get_span_context().trace_id


def test_without_a_configuration_nothing_is_traced_and_nothing_sent_along(monkeypatch: pytest.MonkeyPatch):
    for name in ("OTEL_TRACES_EXPORTER", *telemetry.ENDPOINTS):
        monkeypatch.delenv(name, raising=False)
    assert install_tracing() is False
    with span("work") as current:
        assert not current.is_recording()
        assert carrier() == {}


@pytest.mark.parametrize("off", [{"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_SDK_DISABLED": "true"}])
def test_the_usual_switches_turn_it_off(monkeypatch: pytest.MonkeyPatch, off: dict[str, str]):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    for name, value in off.items():
        monkeypatch.setenv(name, value)
    assert install_tracing() is False


def test_an_exporter_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "pigeon")
    with pytest.raises(NoExporter, match="pigeon"):
        install_tracing()
