"""Open sockets end with their token."""

import asyncio
import json

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.server.conftest import Running


async def end_of(client: ClientConnection) -> tuple[int, int | None]:
    """The error's code and the close code."""
    async with asyncio.timeout(10):
        event = json.loads(await client.recv())
        with pytest.raises(ConnectionClosed):
            await client.recv()
    assert event["event_type"] == "error"
    return event["data"]["code"], client.close_code


async def test_a_revoked_token_closes_its_sockets_and_no_others(server: Running) -> None:
    _, secret = await server.store.tokens.create("phone")
    mine = {"Authorization": f"Bearer {secret}"}
    async with (
        connect(server.url(), additional_headers=mine) as talk,
        connect(server.url("/v1/diagnostics"), additional_headers=mine) as watch,
        connect(server.url(), additional_headers=server.header) as other,
    ):
        await talk.recv()
        await other.recv()
        await server.store.tokens.revoke("phone")
        assert await end_of(talk) == (4100, 1008)
        assert await end_of(watch) == (4100, 1008)
        await other.send("still here")
        assert await other.recv() == "still here"


async def test_a_token_that_expires_closes_its_sockets(server: Running) -> None:
    record, secret = await server.store.tokens.create("guest", expires_at=2**31)
    async with connect(server.url(), additional_headers={"Authorization": f"Bearer {secret}"}) as talk:
        await talk.recv()
        assert record.expires_at is not None
        await server.sockets.close_refused(server.store.tokens, server.limiter, record.expires_at + 1.0)
        assert await end_of(talk) == (4100, 1008)
