"""The metrics of a process of `kouyu engines`, for Prometheus."""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kouyu.engines.remote.wire import KINDS
from kouyu.engines.scheduler import Scheduler

Outcome: TypeAlias = Literal["done", "failed", "refused", "cancelled", "audio_unknown", "invalid"]
"""``refused``: the queue was full, or the process stops. ``cancelled``: the client hung up. ``audio_unknown``: the
beginning of the audio was sent to another process."""

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0, 10.0)


class EngineMetrics:
    """Counters and histograms, and the load of the scheduler when they are asked for."""

    def __init__(self, scheduler: Scheduler, held_bytes: Callable[[], int], running: Callable[[], int]) -> None:
        """``held_bytes``: the audio that is kept; ``running``: the requests that have no answer yet."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "kouyu_engine_requests", "Requests for work, by what became of them", ("kind", "outcome"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "kouyu_engine_request_seconds", "From a request for work to the end of its answer", ("kind",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.received = Counter("kouyu_engine_received_bytes", "Bodies of requests", registry=self.registry)
        for kind in KINDS:
            self.seconds.labels(kind)
            for outcome in get_args(Outcome):
                self.requests.labels(kind, outcome)
        self.registry.register(_Readings(scheduler, held_bytes, running))


class _Readings(Collector):
    def __init__(self, scheduler: Scheduler, held_bytes: Callable[[], int], running: Callable[[], int]) -> None:
        self._scheduler = scheduler
        self._held_bytes = held_bytes
        self._running = running

    def collect(self) -> list[Metric]:
        load = self._scheduler.load
        busy = CounterMetricFamily(
            "kouyu_engine_busy_seconds", "Time that an engine's work has held a thread", labels=("engine",)
        )
        for engine, spent in self._scheduler.busy_s.items():
            busy.add_metric((engine,), spent)
        return [
            busy,
            GaugeMetricFamily("kouyu_engine_requests_running", "Requests without an answer yet", self._running()),
            GaugeMetricFamily("kouyu_engine_jobs_waiting", "Jobs that wait for a thread of the engines", load.waiting),
            GaugeMetricFamily("kouyu_engine_jobs_running", "Jobs that run on the engines' threads", load.running),
            GaugeMetricFamily(
                "kouyu_engine_oldest_wait_seconds", "How long the longest waiting job has waited", load.oldest_wait
            ),
            GaugeMetricFamily(
                "kouyu_engine_oldest_urgent_wait_seconds",
                "The same of jobs for which a user waits",
                load.oldest_urgent_wait,
            ),
            GaugeMetricFamily("kouyu_engine_workers", "Threads of the engines", self._scheduler.workers),
            GaugeMetricFamily("kouyu_engine_held_audio_bytes", "Audio of utterances in progress", self._held_bytes()),
        ]
