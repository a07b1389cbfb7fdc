"""Two servers on one PostgreSQL database: through each, the sessions of both are listed and watched."""

from typing import Any

import httpx

from kouyu.diagnostics.watcher import Wanted
from kouyu.store.token_records import Permission
from tests.server.conftest import Running, until
from tests.server.kouyu_api.test_diagnostics import facts, session, token, watching

Two = tuple[Running, Running]


async def get(server: Running, path: str, secret: str = "", **query: str) -> httpx.Response:
    header = {"Authorization": f"Bearer {secret or server.token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        return await http.get(f"http://127.0.0.1:{server.port}{path}", params=query, headers=header)


def address(server: Running) -> str:
    return f"http://127.0.0.1:{server.port}"


async def test_the_connections_of_both_servers_are_listed_with_their_addresses(two_servers: Two) -> None:
    first, second = two_servers
    with session(first, "log 1"), session(second, "log 2"), session(second, "log 3", owner="bob"):
        listed = (await get(second, "/v1/diagnostics/sessions")).json()["data"]
        assert [(each["log_id"], each["server"]) for each in listed] == [
            ("log 2", address(second)),
            ("log 1", address(first)),
        ]
        status = (await get(first, "/v1/kouyu/status")).json()["data"]
        assert {each["log_id"] for each in status["live"]} == {"log 1", "log 2"}
        assert [each["address"] for each in status["servers"]] == [address(first), address(second)]
        assert [each["max_sessions"] for each in status["servers"]] == [10, 10]


async def test_a_token_sees_on_the_other_server_no_more_than_on_its_own(two_servers: Two) -> None:
    first, second = two_servers
    permissions: tuple[Permission, ...] = ("own_diagnostics",)
    token_id, secret = await token(first, *permissions)
    with session(first, "log 1", token_id=token_id), session(first, "log 2", token_id="another"):
        listed = (await get(second, "/v1/diagnostics/sessions", secret)).json()["data"]
        assert [each["log_id"] for each in listed] == ["log 1"]


async def test_a_session_of_the_other_server_is_watched(two_servers: Two) -> None:
    first, second = two_servers
    with session(first, "log 1") as talk:
        async with watching(second, "?log_id=log%201") as watcher:
            await until(lambda: first.watcher_hub.watchers == 1)
            talk.write("hello")
            found = await facts(watcher, "chat")
            assert {each["session"] for each in found} == {"log 1"}
            turns: Any = (await get(second, "/v1/diagnostics/turns", log_id="log 1")).json()
            assert turns["code"] == 0
        await until(lambda: first.watcher_hub.watchers == 0)
        assert first.watcher_hub.sessions(Wanted())


async def test_a_server_that_does_not_answer_is_named_and_the_rest_is_shown(two_servers: Two) -> None:
    first, second = two_servers
    assert second.store.lease is not None
    await second.store.lease.announce("http://127.0.0.1:9")
    with session(first, "log 1"):
        status = (await get(first, "/v1/kouyu/status")).json()["data"]
        assert [each["log_id"] for each in status["live"]] == ["log 1"]
        assert status["servers"][1] == {
            "address": "http://127.0.0.1:9",
            "version": "",
            "sessions": 0,
            "max_sessions": 0,
        }
        async with watching(first) as watcher:
            await facts(watcher, "session")
