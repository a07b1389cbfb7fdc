"""The limits of access tokens, at both doors."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from kouyu.domain.errors import TryLater
from kouyu.server.access.limits import TokenLimiter
from kouyu.server.peers.peers import PASSED_ON
from kouyu.store.store import Store
from kouyu.store.token_records import CLIENT_PERMISSIONS, Permission, TokenLimits
from tests.server.access.test_open_sockets import end_of
from tests.server.conftest import Running, until
from tests.store.clock import Clock

DAY_S = 86_400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    async with await Store.open(tmp_path / "beside.db", clock=clock) as opened:
        yield opened


async def limited(server: Running, *permissions: Permission, **limits: int) -> dict[str, str]:
    """The header of a new token with these limits."""
    given = permissions or CLIENT_PERMISSIONS
    _, secret = await server.store.tokens.create("guest", permissions=given, limits=TokenLimits(**limits))
    return {"Authorization": f"Bearer {secret}"}


async def refused(url: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any], str]:
    """Status, body and Retry-After of a handshake that fails."""
    with pytest.raises(InvalidStatus) as caught:
        async with connect(url, additional_headers=headers):
            pass
    response = caught.value.response
    return response.status_code, json.loads(response.body), response.headers.get("Retry-After", "")


async def asked(server: Running, path: str, headers: Mapping[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as rest:
        return await rest.get(path, headers=headers)


async def test_requests_and_handshakes_beyond_a_minutes_number_have_to_wait(server: Running) -> None:
    guest = await limited(server, requests_a_minute=2)
    async with connect(server.url(), additional_headers=guest):
        assert (await asked(server, "/v1/users/me", guest)).status_code == 200
    answer = await asked(server, "/v1/users/me", guest)
    assert (answer.status_code, answer.json()["code"]) == (429, 4013)
    assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert "requests a minute, 2, is reached" in answer.json()["msg"]
    status, body, wait = await refused(server.url(), guest)
    assert (status, body["code"]) == (429, 4013)
    assert int(wait) >= 1
    assert (await asked(server, "/v1/users/me", server.header)).status_code == 200


async def test_what_was_used_comes_back_within_the_minute(store: Store) -> None:
    now = 0.0
    limiter = TokenLimiter(store.tokens, lambda: now)
    token, _ = await store.tokens.create("guest", limits=TokenLimits(requests_a_minute=6))
    assert [limiter.request(token) for _ in range(6)] == [None] * 6
    over = limiter.request(token)
    assert over is not None
    assert over.retry_after_s == 10
    now = 9.0
    assert limiter.request(token) is not None
    now = 10.0
    assert limiter.request(token) is None
    assert limiter.request(token) is not None


async def test_a_conversation_too_many_is_refused_until_one_ends(server: Running) -> None:
    guest = await limited(server, conversations=1)
    async with connect(server.url(), additional_headers=guest) as talk:
        await talk.recv()
        status, body, wait = await refused(server.url(), guest)
        assert (status, body["code"], wait) == (429, 4013, "5")
        secret = guest["Authorization"].removeprefix("Bearer ")
        in_browser = server.url(f"/v1/chat?authorization=Bearer%20{secret}")
        async with connect(in_browser, additional_headers={"Origin": "http://localhost"}) as client:
            assert await end_of(client) == (4013, 1008)
        async with connect(server.url(), additional_headers=server.header) as other:
            assert await other.recv()
    token = (await server.store.tokens.list())[-1]
    await until(lambda: server.limiter.conversation(token) is None)
    async with connect(server.url(), additional_headers=guest) as talk:
        assert await talk.recv()


async def test_two_that_come_at_once_do_not_share_the_last_place(store: Store) -> None:
    token, _ = await store.tokens.create("guest", limits=TokenLimits(conversations=1))
    limiter = TokenLimiter(store.tokens)
    limiter.caller(token).use.begin_conversation()
    with pytest.raises(TryLater, match="conversations at once, 1, is reached"):
        limiter.caller(token).use.begin_conversation()
    limiter.caller(token).use.end_conversation()
    limiter.caller(token).use.begin_conversation()


async def test_audio_that_is_used_up_ends_the_conversation_and_begins_none_until_tomorrow(server: Running) -> None:
    guest = await limited(server, audio_minutes_a_day=1)
    token = (await server.store.tokens.list())[-1]
    async with (
        connect(server.url(), additional_headers=guest) as talk,
        connect(server.url("/v1/diagnostics"), additional_headers=guest) as watch,
    ):
        await talk.recv()
        use = server.limiter.caller(token).use
        use.count_audio(59.0)
        await server.sockets.close_refused(server.store.tokens, server.limiter, 0.0)
        await talk.send("still here")
        assert await talk.recv() == "still here"
        use.count_audio(1.0)
        assert await end_of(talk) == (4013, 1008)
        assert (await watch.ping()) is not None
    status, body, wait = await refused(server.url(), guest)
    assert (status, body["code"]) == (429, 4013)
    assert 0 < int(wait) <= DAY_S
    assert "minutes of audio a day, 1, are used up" in body["msg"]


async def test_the_next_day_has_its_own_audio_and_a_restart_none_more(store: Store, clock: Clock) -> None:
    token, _ = await store.tokens.create("guest", limits=TokenLimits(audio_minutes_a_day=1))
    limiter = TokenLimiter(store.tokens)
    limiter.caller(token).use.count_audio(60.0)
    assert await limiter.count_audio(token) is not None
    restarted = TokenLimiter(store.tokens)
    assert await restarted.audio(token) is not None
    clock.now += DAY_S
    assert await restarted.audio(token) is None
    limiter.caller(token).use.count_audio(59.0)
    assert await limiter.count_audio(token) is None


async def test_a_token_without_a_limit_costs_no_write(store: Store) -> None:
    token, _ = await store.tokens.create("guest")
    limiter = TokenLimiter(store.tokens)
    limiter.caller(token).use.count_audio(1e6)
    assert await limiter.count_audio(token) is None
    assert await store.tokens.audio_today_ms(token.id) == 0


async def test_a_permission_that_is_taken_away_closes_what_it_opened(server: Running) -> None:
    guest = await limited(server)
    async with connect(server.url(), additional_headers=guest) as talk:
        await talk.recv()
        await server.store.tokens.change("guest", permissions=("text",))
        assert await end_of(talk) == (4101, 1008)
    status, body, _ = await refused(server.url(), guest)
    assert (status, body["code"]) == (403, 4101)
    assert body["msg"].endswith("it needs the permission voice")
    assert (await asked(server, "/v1/users/me", guest)).status_code == 200


async def test_a_limit_given_while_a_server_runs_counts_from_the_next_look(server: Running) -> None:
    guest = await limited(server)
    async with connect(server.url(), additional_headers=guest) as talk:
        await talk.recv()
        await server.store.tokens.change("guest", limits={"conversations": 1})
        async with asyncio.timeout(10):
            status, body, _ = await refused(server.url(), guest)
        assert (status, body["code"]) == (429, 4013)


@pytest.mark.parametrize(
    ("permission", "path", "status"),
    [
        ("text", "/v1/files/retrieve?file_id=1", 404),
        ("bots", "/v1/files/retrieve?file_id=1", 404),
        ("voice", "/v1/files/retrieve?file_id=1", 403),
        ("text", "/v1/audio/voiceprint_groups", 403),
        ("voiceprints", "/v1/audio/voiceprint_groups", 200),
        ("voiceprints", "/v1/kouyu/audio/list?conversation_id=1", 403),
        ("text", "/v1/kouyu/audio/list?conversation_id=1", 404),
        ("text", "/v1/kouyu/status", 403),
        ("diagnostics", "/v1/kouyu/status", 200),
        ("voice", "/v1/users/me", 200),
        ("administration", "/v1/users/me", 403),
    ],
)
async def test_each_permission_opens_its_part(server: Running, permission: Permission, path: str, status: int) -> None:
    guest = await limited(server, permission)
    assert (await asked(server, path, guest)).status_code == status


async def test_of_many_tokens_those_that_use_nothing_are_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kouyu.server.access.limits.TOKENS_KEPT", 2)
    limiter = TokenLimiter(store.tokens)
    talking, *others = [(await store.tokens.create(f"t{number}"))[0] for number in range(4)]
    use = limiter.caller(talking).use
    use.begin_conversation()
    use.count_audio(0.5)
    for token in others:
        limiter.caller(token)
    assert limiter.caller(talking).use is use
    assert limiter.with_audio() == {talking.id}
    await limiter.count_audio(talking)
    assert limiter.with_audio() == set()


async def test_a_request_that_another_server_passed_on_has_been_counted_there(server: Running) -> None:
    header = await limited(server, "diagnostics", requests_a_minute=1)
    assert server.store.lease is not None
    url = f"http://127.0.0.1:{server.port}/v1/kouyu/failures"
    async with httpx.AsyncClient(trust_env=False, headers=header) as http:
        for _ in range(3):
            assert (await http.get(url, headers={PASSED_ON: server.store.lease.run})).status_code == 200
        assert (await http.get(url, headers={PASSED_ON: "made up"})).status_code != 200  # it counts
        assert (await http.get(url)).status_code == 429
