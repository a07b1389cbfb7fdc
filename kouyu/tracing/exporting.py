"""Sends traces to a collector by OTLP over HTTP, with OpenTelemetry's SDK (the extra ``kouyu[otel]``)."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import Span as OpenSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from kouyu.tracing.turn_spans import Span, TurnSpans

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 5.0
"""Of sending a batch, its repetitions included."""
TOLD_ONCE_IN_S: Final = 300.0
"""Shortest time in seconds between two log lines of a collector that cannot be reached."""
CLOSE_S: Final = 1.0
"""Time in seconds for sending what is left when the server stops."""


class TraceExport:
    """Exports turns to ``exporter``, in batches, on a thread of its own. What its queue cannot hold is dropped."""

    def __init__(self, exporter: SpanExporter, *, sample: float) -> None:
        """``sample``: the share of turns, 0 to 1, that are exported."""
        # The library logs each failure, some with a traceback; _Telling says it once in a while.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._exporter = exporter
        resource = Resource.create({"service.name": "kouyu", "service.version": version("kouyu")})
        self._provider = TracerProvider(resource=resource, sampler=TraceIdRatioBased(sample), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("kouyu", version("kouyu"))

    def export(self, turn: TurnSpans, epoch_ms: int) -> None:
        """Queue the trace of a turn. ``epoch_ms`` is the Unix time in ms of its time 0."""
        root = _started(self._tracer, turn.root, epoch_ms, Context())
        if root.is_recording():
            below = set_span_in_context(root, Context())
            for stage in turn.stages:
                _finish(_started(self._tracer, stage, epoch_ms, below), stage, epoch_ms)
        _finish(root, turn.root, epoch_ms)

    def close(self) -> None:
        """Send what is left, within CLOSE_S. Blocks."""
        # A daemon: a collector that does not answer must not keep the process from ending.
        closing = threading.Thread(target=self._close, name="traces", daemon=True)
        closing.start()
        closing.join(CLOSE_S)

    def flush(self) -> None:
        """Send what is queued. Blocks."""
        self._provider.force_flush()

    def _close(self) -> None:
        self._provider.force_flush(int(CLOSE_S * 1000))
        self._exporter.shutdown()
        self._provider.shutdown()


def to_collector(endpoint: str, headers: Mapping[str, str]) -> SpanExporter:
    """The exporter to a collector; ``endpoint`` is its base URL, or the URL of its traces."""
    url = endpoint if endpoint.rstrip("/").endswith("/v1/traces") else f"{endpoint.rstrip('/')}/v1/traces"
    return _Telling(OTLPSpanExporter(endpoint=url, headers=dict(headers), timeout=TIMEOUT_S), url)


class _Telling(SpanExporter):
    """Logs failures, at most one in TOLD_ONCE_IN_S."""

    def __init__(self, exporter: SpanExporter, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._exporter = exporter
        self._url = url
        self._clock = clock
        self._told_at: float | None = None
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
            if self._told_at is None or self._clock() - self._told_at >= TOLD_ONCE_IN_S:
                self._told_at = self._clock()
                log.warning("traces cannot be sent to %s; %d spans are lost so far", self._url, self._lost)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _started(tracer: Tracer, span: Span, epoch_ms: int, below: Context) -> OpenSpan:
    return tracer.start_span(
        span.name,
        context=below,
        kind=SpanKind.CLIENT if span.is_client else SpanKind.INTERNAL,
        attributes=dict(span.attributes),
        start_time=_ns(epoch_ms, span.from_ms),
    )


def _ns(epoch_ms: int, at_ms: float) -> int:
    return epoch_ms * 1_000_000 + round(at_ms * 1_000_000)


def _finish(started: OpenSpan, span: Span, epoch_ms: int) -> None:
    for event in span.events:
        started.add_event(event.name, dict(event.attributes), _ns(epoch_ms, event.at_ms))
    if span.failed:
        started.set_attribute("error.type", span.failed)
        started.set_status(Status(StatusCode.ERROR))
    started.end(_ns(epoch_ms, max(span.from_ms, span.to_ms)))
