"""Authentication at the audio endpoints: the same as at ``/v1/chat`` (websocket.md 1.2 and 1.7)."""

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models

NAMES = ("speech", "transcriptions", "simult_interpretation")
BROWSER = {"Origin": "http://localhost:5173"}


def address(server: RunningServer, name: str, query: str = "") -> str:
    return f"{server.http.replace('http', 'ws')}/v1/audio/{name}{query}"


@pytest.mark.parametrize("name", NAMES)
async def test_a_browser_shows_its_token_in_the_query(scripted_server: RunningServer, name: str) -> None:
    url = address(scripted_server, name, f"?authorization=Bearer%20{scripted_server.token}")
    async with connect(url, additional_headers=BROWSER) as client:
        created = json.loads(await client.recv())
        assert created["event_type"] == f"{name}.created"
        assert created["detail"]["logid"] == client.response.headers["X-Tt-Logid"]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NAMES)
async def test_a_wrong_token_is_told_as_the_client_can_hear_it(scripted_server: RunningServer, name: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(address(scripted_server, name), additional_headers={"Authorization": "Bearer wrong"})
    assert refused.value.response.status_code == 401
    async with connect(address(scripted_server, name, "?authorization=wrong"), additional_headers=BROWSER) as client:
        event = json.loads(await client.recv())
        with pytest.raises(ConnectionClosed):
            await client.recv()
    assert (event["event_type"], event["data"]["code"]) == ("error", 4100)
