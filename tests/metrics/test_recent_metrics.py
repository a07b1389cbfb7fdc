"""The time series of the last minutes, from samples of real metrics."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from kouyu.metrics.quantiles import quantile
from kouyu.metrics.readings import Readings
from kouyu.metrics.recent_metrics import EVERY_S, POINTS, STAGES, WINDOW, RecentMetrics
from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.server.access.sessions import Sessions
from tests.server.conftest import readings_of

BEFORE = ((0.1, 5), (0.2, 5), (float("inf"), 5))


class Sampled:
    """Metrics with samples whose time and readings a test decides."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.metrics = ServerMetrics()
        self.readings: Readings = readings_of(Sessions(10))
        self.recent = RecentMetrics(self.metrics, lambda: self.readings, clock=lambda: self.now)

    def sample(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += EVERY_S
            self.recent.sample()

    def read(self, **changed: object) -> None:
        self.readings = msgspec.structs.replace(self.readings, **changed)


@pytest.mark.parametrize(
    ("now", "share", "expected"),
    [
        (((0.1, 5), (0.2, 5), (float("inf"), 5)), 0.5, None),
        (((0.1, 9), (0.2, 9), (float("inf"), 9)), 0.5, 0.05),
        (((0.1, 7), (0.2, 9), (float("inf"), 9)), 0.9, 0.18),
        (((0.1, 7), (0.2, 9), (float("inf"), 25)), 0.9, 0.2),
    ],
    ids=["nothing added", "within the first bucket", "within the second", "beyond the last bound"],
)
def test_a_quantile_is_that_of_the_values_added(
    now: tuple[tuple[float, int], ...], share: float, expected: float | None
) -> None:
    assert quantile(share, now, BEFORE) == (None if expected is None else pytest.approx(expected))


def test_states_and_increases_have_one_value_for_each_time() -> None:
    seen = Sampled()
    seen.metrics.errors.labels("4000").inc(7)
    seen.sample()
    seen.read(sessions=3, turns=2, loop_lag_s=0.0125, refused={"overloaded": 4, "full": 1})
    seen.metrics.errors.labels("4000").inc()
    seen.metrics.errors.labels("5000").inc()
    seen.metrics.turns.labels("failed").inc()
    seen.metrics.turns.labels("completed").inc()
    seen.sample(2)
    points = seen.recent.points()
    assert points.at == (1_010.0, 1_015.0)
    assert (points.sessions, points.turns, points.loop_lag_ms) == ((3, 3), (2, 2), (12.5, 12.5))
    assert (points.errors, points.failed_turns) == ((2, 0), (1, 0))
    assert (points.refused_overloaded, points.refused_full) == ((4, 0), (1, 0))


@pytest.mark.parametrize("stage", STAGES)
def test_a_latency_is_seen_for_a_minute_and_then_no_more(stage: str) -> None:
    seen = Sampled()
    seen.sample()
    observed: Callable[[float], None] = (
        seen.metrics.first_audio.labels("typed").observe
        if stage == "first_audio"
        else getattr(seen.metrics, stage).observe
    )
    for _ in range(10):
        observed(0.45)
    seen.sample(WINDOW + 1)
    series = seen.recent.points().latencies
    shown = series.pop(stage)  # type: ignore[call-overload]
    assert shown.p50_ms == (450.0,) * WINDOW + (None,)
    assert shown.p90_ms == (490.0,) * WINDOW + (None,)
    assert {value for other in series.values() for value in other.p50_ms + other.p90_ms} == {None}


def test_first_audio_counts_turns_however_they_began() -> None:
    seen = Sampled()
    seen.sample()
    seen.metrics.first_audio.labels("typed").observe(0.01)
    seen.metrics.first_audio.labels("speech").observe(9.0)
    seen.sample()
    shown = seen.recent.points().latencies["first_audio"]
    assert (shown.p50_ms, shown.p90_ms) == ((25.0,), (9000.0,))


def test_no_more_than_fifteen_minutes_are_kept() -> None:
    seen = Sampled()
    assert seen.recent.points().at == ()
    seen.sample(POINTS + 100)
    points = seen.recent.points()
    assert len(points.at) == POINTS == 180
    assert points.at[-1] == seen.now
    assert points.at[0] == seen.now - 15 * 60 + EVERY_S
    assert {len(series) for series in (points.sessions, points.errors, points.latencies["transcript"].p90_ms)} == {180}


async def test_it_is_sampled_while_the_server_runs() -> None:
    seen = Sampled()
    async with seen.recent.sampling(every_s=0):
        while len(seen.recent.points().at) < 3:
            await _a_step()
    kept = seen.recent.points()
    await _a_step()
    assert seen.recent.points() == kept


async def _a_step() -> None:
    await asyncio.sleep(0)
