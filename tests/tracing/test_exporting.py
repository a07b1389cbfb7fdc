"""Export to a collector over HTTP: what it gets, and a collector that is not there."""

import logging
import socket
import time

import pytest

from kouyu.tracing import exporting
from kouyu.tracing.exporting import TraceExport, to_collector
from kouyu.tracing.turn_spans import Span, SpanEvent, TurnSpans
from tests.standins.otlp_collector import collector

TURN = TurnSpans(
    Span(name="turn", from_ms=0, to_ms=900, attributes={"kouyu.log_id": "2026"}),
    (
        Span(
            name="chat gpt",
            from_ms=100,
            to_ms=800,
            attributes={"gen_ai.usage.output_tokens": 7},
            events=(SpanEvent("first token", 200),),
            is_client=True,
        ),
    ),
)


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"])
def test_a_collector_gets_the_spans_as_protobuf(path: str) -> None:
    with collector() as received:
        export = TraceExport(to_collector(received.url + path, {"api-key": "k"}), sample=1.0)
        export.export(TURN, 1_700_000_000_000)
        export.flush()
        export.close()
    ((called, headers, request),) = received.requests
    assert called == "/v1/traces"
    assert (headers["content-type"], headers["api-key"]) == ("application/x-protobuf", "k")
    (resource,) = request.resource_spans
    assert {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"] == "kouyu"
    spans = {span.name: span for span in resource.scope_spans[0].spans}
    root, chat = spans["turn"], spans["chat gpt"]
    assert chat.parent_span_id == root.span_id
    assert chat.trace_id == root.trace_id
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (
        1_700_000_000_000_000_000,
        1_700_000_000_900_000_000,
    )
    assert chat.events[0].time_unix_nano == 1_700_000_000_200_000_000
    assert {each.key: each.value.int_value for each in chat.attributes} == {"gen_ai.usage.output_tokens": 7}


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_collector_that_is_not_there_is_one_line_in_the_log(
    nobody: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "TIMEOUT_S", 0.2)
    export = TraceExport(to_collector(nobody, {}), sample=1.0)
    for _ in range(3):
        export.export(TURN, 0)
        export.flush()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"traces cannot be sent to {nobody}/v1/traces; 2 spans are lost so far"
    ]
    export.close()


def test_a_collector_that_does_not_answer_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "CLOSE_S", 0.1)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        export = TraceExport(to_collector(f"http://127.0.0.1:{deaf.getsockname()[1]}", {}), sample=1.0)
        export.export(TURN, 0)
        began = time.monotonic()
        export.close()
        assert time.monotonic() - began < exporting.TIMEOUT_S
