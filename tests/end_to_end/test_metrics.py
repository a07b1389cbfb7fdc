"""What Prometheus reads of a running server."""

import asyncio
import time
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models


async def scraped(server: RunningServer) -> dict[tuple[str, tuple[str, ...]], float]:
    """The samples by name and label values."""
    async with httpx.AsyncClient(base_url=server.http, headers={"Authorization": f"Bearer {server.token}"}) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation for family in families)
    return {
        (sample.name, tuple(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


async def test_a_turn_is_seen_in_the_metrics(scripted_server: RunningServer) -> None:
    before = await scraped(scripted_server)
    async with talking(scripted_server) as talk:
        await talk.ask("What is the capital of France?")
        assert (await scraped(scripted_server))["kouyu_sessions", ()] >= 1
        await talk.client.send("chat.update", {"turn_detection": {"type": "telepathy"}})
        await talk.until("error")
    after = await scraped(scripted_server)

    def grew(name: str, *labels: str) -> bool:
        return after.get((name, labels), 0.0) > before.get((name, labels), 0.0)

    assert grew("kouyu_turn_first_audio_seconds_count", "typed")
    assert grew("kouyu_turn_first_audio_seconds_sum", "typed")
    assert grew("kouyu_reply_first_token_seconds_count")
    assert grew("kouyu_speech_first_packet_seconds_count")
    assert grew("kouyu_turns_total", "completed")
    assert grew("kouyu_errors_total", "4000")
    assert grew("kouyu_store_write_seconds_count")
    assert any(name == "kouyu_engine_busy_seconds_total" and value > 0 for (name, _), value in after.items())
    assert after["process_resident_memory_bytes", ()] > 0
    assert after["kouyu_sessions_limit", ()] == 100


async def test_a_turn_is_seen_in_the_metrics_of_the_last_minutes(scripted_server: RunningServer) -> None:
    async def points() -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {scripted_server.token}"}
        async with httpx.AsyncClient(base_url=scripted_server.http, headers=headers) as client:
            return (await client.get("/v1/kouyu/metrics")).json()["data"]  # type: ignore[no-any-return]

    async with talking(scripted_server) as talk:
        await talk.ask("What is the capital of France?")
        answered_at = time.time()
        async with asyncio.timeout(60):
            # `at` is rounded to 0.1 s.
            while not (seen := await points())["at"] or seen["at"][-1] < answered_at + 0.1:  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.2)
    assert seen["sessions"][-1] >= 1
    for stage in ("first_audio", "first_token", "first_speech"):
        assert 0 < seen["latencies"][stage]["p50_ms"][-1] <= seen["latencies"][stage]["p90_ms"][-1]


async def test_the_metrics_need_a_token_unless_the_settings_say_otherwise(scripted_server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=scripted_server.http) as client:
        assert (await client.get("/metrics")).status_code == 401
