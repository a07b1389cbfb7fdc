"""The server's state at a glance."""

import httpx
import pytest

from tests.server.conftest import Running
from tests.server.kouyu_api.test_diagnostics import session


async def get(server: Running, path: str, secret: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        return await client.get(path, headers={"Authorization": f"Bearer {secret}"})


async def test_the_status_tells_of_engines_load_and_live_sessions(server: Running) -> None:
    with session(server) as talk:
        talk.live.hint("there is no voice 'x' here")
        status = (await get(server, "/v1/kouyu/status", server.token)).json()["data"]
    assert status["engines"] == [{"kind": "asr", "name": "none", "reason": ""}]
    assert (status["sessions"], status["max_sessions"], status["scheduler"]) == (0, 10, None)
    assert status["event_loop_held"] == {"count": 0, "longest_ms": 0.0}
    assert status["memory"]["resident_bytes"] > 10_000_000
    assert [live["log_id"] for live in status["live"]] == ["log 1"]
    assert status["live"][0]["age_s"] == pytest.approx(2.0)
    assert status["live"][0]["hints"] == ["there is no voice 'x' here"]


async def test_the_status_is_for_those_who_may_watch(server: Running) -> None:
    _, secret = await server.store.tokens.create("phone", permissions=("voice", "text", "own_diagnostics"))
    assert (await get(server, "/v1/kouyu/status", secret)).status_code == 403
