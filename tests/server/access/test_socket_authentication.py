"""Authentication at ``/v1/chat``, and how a client learns that it is refused (websocket.md 1.2 and 1.7)."""

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kouyu.server.access.sessions import OVERLOADED
from kouyu.server.sockets.chat import redials_as
from kouyu.serving.overload import ALWAYS
from tests.server.conftest import Running, Start, until

BROWSER = {"Origin": "http://localhost:5173"}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


async def first_message(url: str, headers: Mapping[str, str] | None = None) -> str:
    async with connect(url, additional_headers=headers) as client:
        return str(await client.recv())


async def refusal_event(url: str, headers: Mapping[str, str] | None = None) -> tuple[dict[str, Any], int]:
    """The error event and the close code of a client that is accepted only to be refused."""
    async with connect(url, additional_headers=headers) as client:
        event = json.loads(await client.recv())
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code is not None
        assert event["event_type"] == "error"
        assert event["data"]["msg"] == event["data"]["message"]
        assert client.response is not None
        assert event["detail"]["logid"] == client.response.headers["X-Tt-Logid"]
        return event["data"], client.close_code


async def refusal_status(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """The HTTP status and JSON body of a handshake that fails."""
    with pytest.raises(InvalidStatus) as caught:
        await first_message(url, headers)
    response = caught.value.response
    body = json.loads(response.body)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Tt-Logid"] == body["detail"]["logid"]
    return response.status_code, body


async def test_a_token_in_the_header_is_accepted(server: Running) -> None:
    assert (await first_message(server.url("/v1/chat?bot_id=tutor"), server.header)).startswith("tutor")


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
@pytest.mark.parametrize("encoded", ["Bearer%20{}", "bearer%20{}", "Bearer+{}", "{}"])
async def test_a_token_in_the_query_is_accepted(server: Running, encoded: str, name: str) -> None:
    url = server.url(f"/v1/chat?bot_id=tutor&{name}=" + encoded.format(server.token))
    assert (await first_message(url, BROWSER)).startswith("tutor")


async def test_the_header_counts_before_the_query(server: Running) -> None:
    url = server.url("/v1/chat?authorization=Bearer%20nonsense")
    assert (await first_message(url, server.header)).startswith("kouyu")


@pytest.mark.parametrize("path", ["//v1/chat?bot_id=kouyu", "/v1//chat", "/v1/chat?workflow_id=7"])
async def test_a_client_may_double_slashes_and_name_no_bot(server: Running, path: str) -> None:
    assert (await first_message(server.url(path), server.header)).startswith("kouyu")


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {}])
async def test_a_client_that_sees_statuses_gets_401(server: Running, headers: dict[str, str]) -> None:
    status, body = await refusal_status(server.url(), headers)
    assert (status, body["code"]) == (401, 4100)


async def test_coze_js_in_node_sends_both_and_gets_401(server: Running) -> None:
    status, _ = await refusal_status(
        server.url("/v1/chat?authorization=Bearer%20wrong"), {"Authorization": "Bearer wrong"}
    )
    assert status == 401


@pytest.mark.parametrize("query", ["", "?authorization=undefined", "?authorization=Bearer%20wrong"])
async def test_a_browser_gets_an_error_event(server: Running, query: str) -> None:
    data, close_code = await refusal_event(server.url("/v1/chat" + query), BROWSER)
    assert (data["code"], close_code) == (4100, 1008)


async def test_uni_app_has_no_origin_but_the_query_and_gets_an_error_event(server: Running) -> None:
    data, _ = await refusal_event(server.url("/v1/chat?authorization=undefined"))
    assert data["code"] == 4100
    assert "missing" in data["msg"]


async def test_a_token_without_the_permission_is_forbidden(server: Running) -> None:
    _, secret = await server.store.tokens.create("rest-only", permissions=("text",))
    status, body = await refusal_status(server.url(), {"Authorization": f"Bearer {secret}"})
    assert (status, body["code"]) == (403, 4101)


async def test_an_unknown_bot_is_an_error_that_names_the_known_ones(server: Running) -> None:
    data, _ = await refusal_event(server.url("/v1/chat?bot_id=nobody"), server.header)
    assert data["code"] == 4200
    assert "'nobody'" in data["msg"]
    assert "kouyu, tutor" in data["msg"]


async def test_an_unknown_workflow_is_an_error_that_names_the_known_ones(server: Running) -> None:
    data, _ = await refusal_event(server.url("/v1/chat?bot_id=tutor&workflow_id=8"), server.header)
    assert data["code"] == 4200
    assert data["msg"] == "there is no workflow '8', or it is not published; known workflows: 7"


async def test_a_workflow_is_met_without_a_bot_or_under_one(server: Running) -> None:
    assert (await first_message(server.url("/v1/chat?workflow_id=7"), server.header)).startswith("kouyu7,")
    assert (await first_message(server.url("/v1/chat?workflow_id=7&bot_id=tutor"), server.header)).startswith("tutor7,")


async def test_a_full_server_says_so_and_has_room_again_when_a_session_ends(start: Start) -> None:
    server = await start(max_sessions=1)
    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        status, body = await refusal_status(server.url(), server.header)
        assert (status, body["code"]) == (503, 4009)
        data, _ = await refusal_event(server.url("/v1/chat?authorization=Bearer%20" + server.token), BROWSER)
        assert data["code"] == 4009
    await until(lambda: not server.sessions.refusal())
    assert (await first_message(server.url(), server.header)).startswith("kouyu")


async def test_an_overloaded_server_refuses_new_clients_and_keeps_those_it_has(start: Start) -> None:
    server = await start(max_sessions=10)
    overload = server.sessions.overload
    async with AsyncExitStack() as clients:
        inside = [
            await clients.enter_async_context(connect(server.url(), additional_headers=server.header))
            for _ in range(ALWAYS)
        ]
        for client in inside:
            await client.recv()
        for _ in range(8):
            overload.answered(5.0)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as http:
            answer = await http.get("/v1/chat", headers=server.header | UPGRADE)
            assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "5", 4009)
            ready = await http.get("/health/ready")
            said = ready.json()["checks"]["load"]
            assert (ready.status_code, said) == (503, "a quarter of the answers take 5.0 s or longer")
        data, _ = await refusal_event(server.url("/v1/chat?authorization=Bearer%20" + server.token), BROWSER)
        assert data["msg"] == OVERLOADED
        assert server.sessions.refused == {"overloaded": 2}
        token = await server.store.tokens.verify(server.token)
        assert token is not None
        await server.store.lost_connections.keep(redials_as(token.id, "", "a phone"), "{}")
        returning = connect(server.url(), additional_headers=server.header, user_agent_header="a phone")
        await (await clients.enter_async_context(returning)).recv()
        assert server.sessions.refused == {"overloaded": 2}
        for client in inside:
            await client.send("still here")
            assert await client.recv() == "still here"


@pytest.mark.usefixtures("failures_stay_counted")
async def test_an_address_that_keeps_failing_has_to_wait(server: Running) -> None:
    statuses = [(await refusal_status(server.url(), {"Authorization": "Bearer wrong"}))[0] for _ in range(30)]
    assert statuses == [401] * 30
    status, body = await refusal_status(server.url(), {"Authorization": "Bearer wrong"})
    assert (status, body["code"]) == (429, 4013)


@pytest.mark.usefixtures("failures_stay_counted")
async def test_a_valid_token_is_accepted_from_an_address_that_keeps_failing(server: Running) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as rest:

        async def status(headers: Mapping[str, str]) -> int:
            return (await rest.get("/v1/kouyu/status", headers=headers)).status_code

        while await status({"Authorization": "Bearer wrong"}) != 429:
            pass
        assert await status(server.header) == 200
        assert (await first_message(server.url(), server.header)).startswith("kouyu")
        login = {"login": await server.store.tokens.create_login()}
        assert (await rest.post("/v1/kouyu/login", json=login)).status_code == 200
