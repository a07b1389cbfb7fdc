"""The metrics of the last minutes, over HTTP."""

from tests.server.conftest import Running
from tests.server.kouyu_api.test_status import get

METRICS = "/v1/kouyu/metrics"


async def test_the_time_series_has_what_was_measured(server: Running) -> None:
    assert (await get(server, METRICS, server.token)).json()["data"]["at"] == []
    server.recent.sample()
    server.metrics.first_audio.labels("speech").observe(0.45)
    server.metrics.errors.labels("4000").inc()
    server.sessions.refused["overloaded"] += 2
    server.recent.sample()
    data = (await get(server, METRICS, server.token)).json()["data"]
    assert (data["every_s"], len(data["at"])) == (5, 1)
    assert (data["sessions"], data["errors"], data["refused_overloaded"]) == ([0], [1], [2])
    assert data["latencies"]["first_audio"] == {"p50_ms": [450.0], "p90_ms": [490.0]}
    assert data["latencies"]["transcript"] == {"p50_ms": [None], "p90_ms": [None]}


async def test_it_is_for_those_who_may_watch(server: Running) -> None:
    _, secret = await server.store.tokens.create("phone", permissions=("voice", "text", "own_diagnostics"))
    assert (await get(server, METRICS, secret)).status_code == 403
