"""The metrics of the last minutes as a time series in memory, sampled from what ``/metrics`` shows."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Literal, TypeAlias, get_args

import msgspec
from prometheus_client import Counter as CounterMetric
from prometheus_client import Histogram

from kouyu.metrics.quantiles import Buckets, quantile
from kouyu.metrics.readings import Readings, Refused
from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.metrics.snapshot import Snapshot

EVERY_S: Final = 5
"""Time between two samples, in seconds."""
POINTS: Final = 15 * 60 // EVERY_S
"""Most points of the time series: 15 minutes."""
WINDOW: Final = 60 // EVERY_S
"""Samples over which a latency's quantiles are taken: one minute, since few turns end within 5 s."""

Stage: TypeAlias = Literal["first_audio", "transcript", "first_token", "first_speech", "barge_in"]
"""A latency, as ``ServerMetrics`` names it."""
STAGES: Final[tuple[Stage, ...]] = ("first_audio", "transcript", "first_token", "first_speech", "barge_in")
FAMILIES: Final[Mapping[Stage, str]] = {
    "first_audio": "kouyu_turn_first_audio_seconds",
    "transcript": "kouyu_transcript_seconds",
    "first_token": "kouyu_reply_first_token_seconds",
    "first_speech": "kouyu_speech_first_packet_seconds",
    "barge_in": "kouyu_barge_in_seconds",
}
"""The names under which ``/metrics`` shows them."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics at one time. Counters and buckets count from the start of the server."""

    at: float
    """Unix seconds."""
    sessions: int
    turns: int
    loop_lag_s: float
    errors: int
    failed_turns: int
    refused: Mapping[Refused, int]
    latencies: Mapping[Stage, Buckets]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One time of the time series, as ``MetricsPoints`` has them. Latencies are in seconds: p50, p90."""

    at: float
    sessions: int
    turns: int
    loop_lag_s: float
    errors: int
    failed_turns: int
    refused_overloaded: int
    refused_full: int
    latencies: Mapping[Stage, tuple[float | None, float | None]]


class LatencyPoints(msgspec.Struct, frozen=True, kw_only=True):
    """Quantiles of a latency over the minute before each point, in ms; null where nothing was measured in it."""

    p50_ms: tuple[float | None, ...]
    p90_ms: tuple[float | None, ...]


class MetricsPoints(msgspec.Struct, frozen=True, kw_only=True):
    """The time series of the last 15 minutes, oldest first: every list has one value for each time of ``at``."""

    every_s: int
    """Time between two points, in seconds."""
    at: tuple[float, ...]
    """Unix seconds."""
    sessions: tuple[int, ...]
    turns: tuple[int, ...]
    """Connections with a turn in progress."""
    loop_lag_ms: tuple[float, ...]
    errors: tuple[int, ...]
    """Error events sent since the point before."""
    failed_turns: tuple[int, ...]
    """Chats that failed since the point before."""
    refused_overloaded: tuple[int, ...]
    """Conversations refused for the load since the point before."""
    refused_full: tuple[int, ...]
    """Conversations refused at ``max_sessions`` since the point before."""
    latencies: dict[Stage, LatencyPoints]


class MetricsHistory:
    """Keeps the points of the last 15 minutes of a server's metrics."""

    def __init__(self) -> None:
        self._last_minute: deque[Sample] = deque(maxlen=WINDOW)
        self._points: deque[Point] = deque(maxlen=POINTS)

    def add(self, now: Sample) -> None:
        """Add a point for a sample. The first sample gives none: nothing is before it."""
        if self._last_minute:
            self._points.append(point_of(now, before=self._last_minute[-1], minute_ago=self._last_minute[0]))
        self._last_minute.append(now)

    def points(self) -> MetricsPoints:
        """Return the time series up to the last sample."""
        points = list(self._points)
        return MetricsPoints(
            every_s=EVERY_S,
            at=tuple(round(point.at, 1) for point in points),
            sessions=tuple(point.sessions for point in points),
            turns=tuple(point.turns for point in points),
            loop_lag_ms=tuple(round(1000 * point.loop_lag_s, 2) for point in points),
            errors=tuple(point.errors for point in points),
            failed_turns=tuple(point.failed_turns for point in points),
            refused_overloaded=tuple(point.refused_overloaded for point in points),
            refused_full=tuple(point.refused_full for point in points),
            latencies={
                stage: LatencyPoints(
                    p50_ms=tuple(_ms(point.latencies[stage][0]) for point in points),
                    p90_ms=tuple(_ms(point.latencies[stage][1]) for point in points),
                )
                for stage in STAGES
            },
        )


class RecentMetrics(MetricsHistory):
    """Samples the metrics of this process."""

    def __init__(
        self, metrics: ServerMetrics, readings: Callable[[], Readings], *, clock: Callable[[], float] = time.time
    ) -> None:
        """``clock`` returns Unix seconds."""
        super().__init__()
        self._metrics = metrics
        self._readings = readings
        self._clock = clock

    def sample(self) -> None:
        """Add a point for the present state."""
        read, metrics = self._readings(), self._metrics
        self.add(
            Sample(
                at=self._clock(),
                sessions=read.sessions,
                turns=read.turns,
                loop_lag_s=read.loop_lag_s,
                errors=_total(metrics.errors),
                failed_turns=_total(metrics.turns, outcome="failed"),
                refused=dict(read.refused),
                latencies={stage: _buckets(getattr(metrics, stage)) for stage in STAGES},
            )
        )

    @asynccontextmanager
    async def sampling(self, *, every_s: float = EVERY_S) -> AsyncIterator[None]:
        """Sample every ``every_s`` seconds while the block runs."""
        task = asyncio.create_task(self._sample_on(every_s), name="recent-metrics")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _sample_on(self, every_s: float) -> None:
        while True:
            self.sample()
            await asyncio.sleep(every_s)


def sample_of(snapshot: Snapshot, at: float) -> Sample:
    """The sample of joined metrics. ``at``: Unix seconds."""
    values = {(each.name, each.labels): each.value for family in snapshot.families for each in family.series}

    def read(name: str) -> float:
        return values.get((name, ()), 0.0)

    return Sample(
        at=at,
        sessions=int(read("kouyu_sessions")),
        turns=int(read("kouyu_turns_in_progress")),
        loop_lag_s=read("kouyu_event_loop_lag_seconds"),
        errors=int(sum(value for (name, _), value in values.items() if name == "kouyu_errors_total")),
        failed_turns=int(values.get(("kouyu_turns_total", (("outcome", "failed"),)), 0)),
        refused={
            reason: int(values.get(("kouyu_sessions_refused_total", (("reason", reason),)), 0))
            for reason in get_args(Refused)
        },
        latencies={stage: _joined_buckets(values, f"{FAMILIES[stage]}_bucket") for stage in STAGES},
    )


def _joined_buckets(values: Mapping[tuple[str, tuple[tuple[str, str], ...]], float], name: str) -> Buckets:
    counts: Counter[float] = Counter()
    for (of, labels), value in values.items():
        if of == name:
            counts[float(dict(labels)["le"])] += int(value)
    return tuple(sorted(counts.items()))


def point_of(now: Sample, *, before: Sample, minute_ago: Sample) -> Point:
    """Return the point of ``now``: states, increases since ``before``, quantiles of the time since ``minute_ago``."""
    added = {reason: count - before.refused.get(reason, 0) for reason, count in now.refused.items()}
    return Point(
        at=now.at,
        sessions=now.sessions,
        turns=now.turns,
        loop_lag_s=now.loop_lag_s,
        errors=now.errors - before.errors,
        failed_turns=now.failed_turns - before.failed_turns,
        refused_overloaded=added.get("overloaded", 0),
        refused_full=added.get("full", 0),
        latencies={
            stage: (
                quantile(0.5, buckets, minute_ago.latencies[stage]),
                quantile(0.9, buckets, minute_ago.latencies[stage]),
            )
            for stage, buckets in now.latencies.items()
        },
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 1)


def _total(counter: CounterMetric, **labels: str) -> int:
    """The counter's value, summed over the series with these labels."""
    return sum(
        int(sample.value)
        for family in counter.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and labels.items() <= sample.labels.items()
    )


def _buckets(histogram: Histogram) -> Buckets:
    """The histogram's cumulative buckets, summed over its labels."""
    counts: Counter[float] = Counter()
    for family in histogram.collect():
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                counts[float(sample.labels["le"])] += int(sample.value)
    return tuple(sorted(counts.items()))
