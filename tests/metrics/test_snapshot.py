"""The metrics of several processes, joined."""

from prometheus_client import generate_latest

from kouyu.engine_server.metrics import EngineMetrics
from kouyu.engines.scheduler import Scheduler
from kouyu.metrics.recent_metrics import sample_of
from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.metrics.snapshot import Snapshot, decoded, joined, parsed, taken
from kouyu.server.access.sessions import Sessions
from tests.server.conftest import readings_of


def measured(sessions: int, completed: int) -> ServerMetrics:
    metrics = ServerMetrics()
    metrics.read(lambda: readings_of(Sessions(10)))
    metrics.turns.labels("completed").inc(completed)
    metrics.turns.labels("failed").inc()
    for _ in range(completed):
        metrics.first_audio.labels("speech").observe(0.3)
    return metrics


def values(snapshot: Snapshot) -> dict[str, str]:
    lines = generate_latest(snapshot.registry()).decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_counters_and_histograms_are_summed_also_of_processes_that_have_ended() -> None:
    running = [taken(measured(0, count).registry) for count in (2, 3)]
    ended = taken(measured(0, 5).registry)
    found = values(joined(running, ended=(ended,)))
    assert found['kouyu_turns_total{outcome="completed"}'] == "10.0"
    assert found['kouyu_turn_first_audio_seconds_count{began="speech"}'] == "10.0"
    assert found['kouyu_turn_first_audio_seconds_bucket{began="speech",le="0.3"}'] == "10.0"


def test_a_limit_that_all_share_is_not_summed_and_what_has_ended_runs_no_more() -> None:
    running = [taken(measured(0, 0).registry) for _ in range(2)]
    found = values(joined(running, ended=(running[0],)))
    assert found["kouyu_sessions_limit"] == "10.0"
    assert found["kouyu_sessions"] == "0.0"
    assert float(found["process_start_time_seconds"]) == float(values(running[0])["process_start_time_seconds"])


def test_the_time_series_is_made_of_what_is_joined() -> None:
    both = joined([decoded(taken(measured(0, count).registry).encode()) for count in (2, 3)])
    sample = sample_of(both, 7.0)
    assert (sample.at, sample.failed_turns) == (7.0, 2)
    assert sample.latencies["first_audio"][-1] == (float("inf"), 5)


def test_the_metrics_of_another_process_are_read_from_its_text() -> None:
    scheduler = Scheduler(3)
    registry = EngineMetrics(scheduler, lambda: 0, lambda: 2).registry
    read = parsed(generate_latest(registry).decode(), "kouyu_engine_")
    assert (read.value("kouyu_engine_workers"), read.value("kouyu_engine_requests_running")) == (3, 2)
    assert read.value("process_cpu_seconds_total") == 0  # not asked for
    # Joined with itself, it has the same series: counters are known as such.
    doubled = values(joined((read,), ended=(read,)))
    assert doubled["kouyu_engine_received_bytes_total"] == "0.0"
    assert doubled["kouyu_engine_workers"] == "3.0"
    assert 'kouyu_engine_requests_total{kind="asr",outcome="done"}' in doubled
    assert not [name for name in doubled if "_created" in name]
