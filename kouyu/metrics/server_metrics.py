"""The metrics of one server. Names and units follow Prometheus's conventions (prometheus.io/docs/practices/naming).

No label holds anything that was said, an id of a user or of a conversation: their number of values is small and fixed.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kouyu.diagnostics.child_processes import ProcessUse
from kouyu.metrics.readings import Readings, Refused

Began: TypeAlias = Literal["speech", "push_to_talk", "typed"]
"""How a turn began."""
Outcome: TypeAlias = Literal["completed", "failed", "canceled", "requires_action"]
Preparation: TypeAlias = Literal["used", "discarded"]
"""What became of a reply that was prepared before the user's turn was over."""
End: TypeAlias = Literal["closed", "dropped", "too_slow", "deleted", "not_saved", "failed"]
"""How a connection ended: with a close frame of the client, without one (by the network, or by this server, which
stops or revokes a token), because the client did not read, because its conversation was deleted, because saving
failed, or by an internal error."""

_LATENCIES_S: Final = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_WRITES_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class ServerMetrics:
    """Counters and histograms that the server's parts feed, and readings that are taken when they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.first_audio = self._latency(
            "kouyu_turn_first_audio_seconds",
            "From the end of the user's turn, as the server found it, to the first packet of the answer's speech",
            "began",
        )
        self.transcript = self._latency(
            "kouyu_transcript_seconds", "From the order for a final transcript to the transcript"
        )
        self.first_token = self._latency(
            "kouyu_reply_first_token_seconds", "From the request for a reply to its first characters"
        )
        self.first_speech = self._latency(
            "kouyu_speech_first_packet_seconds", "From the order for an item's first sentence to its first packet"
        )
        self.barge_in = self._latency(
            "kouyu_barge_in_seconds", "From the first chunk judged as speech to the interruption of the answer"
        )
        self.store_write = Histogram(
            "kouyu_store_write_seconds", "Time of a transaction of the store", buckets=_WRITES_S, registry=self.registry
        )
        self.turns = self._count("kouyu_turns", "Chats that ended, or wait for the client's tools", "outcome")
        self.preparations = self._count(
            "kouyu_speculative_replies", "Replies prepared before the user's turn was over", "result"
        )
        self.errors = self._count("kouyu_errors", "Error events sent to clients of /v1/chat, by code", "code")
        self.connections = self._count("kouyu_connections_ended", "Connections of /v1/chat that ended", "end")
        self._begin_at_zero()

    def read(self, readings: Callable[[], Readings]) -> None:
        """Take these readings at each scrape. Call it once."""
        self.registry.register(_ReadingsCollector(readings))

    def _begin_at_zero(self) -> None:
        """Make the series of all labels that are known. Prometheus sees no increase in a series that begins with its
        first count: an alert would miss the first failure."""
        for began in get_args(Began):
            self.first_audio.labels(began)
        for outcome in get_args(Outcome):
            self.turns.labels(outcome)
        for result in get_args(Preparation):
            self.preparations.labels(result)
        for end in get_args(End):
            self.connections.labels(end)

    def _latency(self, name: str, help_text: str, *labels: str) -> Histogram:
        return Histogram(name, help_text, labels, buckets=_LATENCIES_S, registry=self.registry)

    def _count(self, name: str, help_text: str, label: str) -> Counter:
        return Counter(name, help_text, (label,), registry=self.registry)


def child_metrics(uses: Mapping[str, ProcessUse]) -> tuple[Metric, Metric]:
    """What the processes use that a server has started, by their names: processor time, and memory."""
    processor = CounterMetricFamily(
        "kouyu_child_process_cpu_seconds",
        "Processor time of the processes that the server has started",
        labels=("process",),
    )
    memory = GaugeMetricFamily(
        "kouyu_child_process_resident_memory_bytes", "Resident memory of these processes", labels=("process",)
    )
    for process, use in uses.items():
        processor.add_metric((process,), use.processor_s)
        memory.add_metric((process,), use.resident_bytes)
    return processor, memory


class _ReadingsCollector(Collector):
    def __init__(self, readings: Callable[[], Readings]) -> None:
        self._readings = readings

    def collect(self) -> list[Metric]:
        read = self._readings()
        seconds = CounterMetricFamily(
            "kouyu_engine_busy_seconds", "Time that an engine's work has held a thread", labels=("engine",)
        )
        for engine, spent in read.engine_busy_s.items():
            seconds.add_metric((engine,), spent)
        refused = CounterMetricFamily(
            "kouyu_sessions_refused", "Sessions and text chats refused, by reason", labels=("reason",)
        )
        for reason in get_args(Refused):
            refused.add_metric((reason,), read.refused.get(reason, 0))
        return [
            GaugeMetricFamily("kouyu_sessions", "WebSocket sessions that run", read.sessions),
            GaugeMetricFamily("kouyu_sessions_limit", "Most sessions at once (max_sessions)", read.max_sessions),
            GaugeMetricFamily("kouyu_turns_in_progress", "Sessions with a turn in progress", read.turns),
            refused,
            GaugeMetricFamily("kouyu_load_ratio", "The load, 1 at a limit of [overload]", read.load),
            GaugeMetricFamily(
                "kouyu_busy_ratio", "Share of the engines' threads, the event loop or the cores in use", read.busy
            ),
            GaugeMetricFamily(
                "kouyu_overloaded", "Whether new conversations are refused for the load", int(read.is_overloaded)
            ),
            GaugeMetricFamily("kouyu_text_chats", "Chats of the REST API that run", read.text_chats),
            GaugeMetricFamily("kouyu_engine_jobs_waiting", "Jobs that wait for a thread of the engines", read.waiting),
            GaugeMetricFamily("kouyu_engine_jobs_running", "Jobs that run on the engines' threads", read.running),
            GaugeMetricFamily(
                "kouyu_engine_oldest_wait_seconds", "How long the longest waiting job has waited", read.oldest_wait_s
            ),
            seconds,
            *child_metrics(read.child_processes),
            GaugeMetricFamily(
                "kouyu_event_loop_lag_seconds",
                "How late the event loop is, averaged over some seconds",
                read.loop_lag_s,
            ),
            CounterMetricFamily(
                "kouyu_event_loop_blocked", "How often the event loop was blocked for over 100 ms", read.loop_blocked
            ),
            GaugeMetricFamily(
                "kouyu_event_loop_blocked_longest_seconds", "The longest of these blocks", read.loop_longest_s
            ),
        ]
