"""A server that stops: what it lets end, what it closes, and what makes it hurry."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kouyu.server.access.sessions import FULL, STOPPING, ServerFull, Sessions
from kouyu.server.process.draining import drain
from kouyu.serving.socket import Take
from kouyu.serving.turns_in_progress import TurnsInProgress


class Client:
    """A connection whose session runs until it is closed."""

    said_goodbye = False

    def __init__(self, *, in_turn: bool = False) -> None:
        self.in_turn = in_turn
        self.close_code: int | None = None
        self.closed = asyncio.Event()

    async def receive(self, take: Take | None = None) -> str | None:
        await self.closed.wait()
        return None

    async def send(self, text: str) -> None:
        raise AssertionError(text)

    async def close(self, code: int, reason: str) -> None:
        self.close_code = code
        self.closed.set()


class Server:
    """Sessions of such clients."""

    def __init__(self) -> None:
        self.sessions = Sessions(10)
        self.turns = TurnsInProgress()
        self.at_once = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def joined(self, client: Client) -> None:
        async def session() -> None:
            with self.turns.reported(client, lambda: client.in_turn):
                await client.receive()

        self.tasks.append(asyncio.create_task(self.sessions.run(client, session())))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def drained(self, limit_s: float = 60.0) -> None:
        async with asyncio.timeout(20):
            await drain(self.sessions, self.turns, None, limit_s=limit_s, at_once=self.at_once, close_s=1.0)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server without clients."""
    made = Server()
    yield made
    await made.sessions.end(1.0, 1.0)
    await asyncio.gather(*made.tasks)


async def test_a_connection_without_a_turn_is_closed_and_one_with_a_turn_is_not(server: Server) -> None:
    idle, busy = Client(), Client(in_turn=True)
    await server.joined(idle)
    await server.joined(busy)
    draining = asyncio.create_task(server.drained())
    await idle.closed.wait()
    assert (idle.close_code, busy.close_code) == (1001, None)
    busy.in_turn = False
    await draining
    assert busy.close_code == 1001


async def test_nothing_new_begins(server: Server) -> None:
    async def session() -> None:
        raise AssertionError("it has begun")

    await server.drained()
    assert server.sessions.refusal() == STOPPING
    with pytest.raises(ServerFull, match="stopping"):
        await server.sessions.run(Client(), session())


@pytest.mark.parametrize("limit_s", [0.0, 0.05])
async def test_a_turn_that_does_not_end_has_a_limit(server: Server, limit_s: float) -> None:
    busy = Client(in_turn=True)
    await server.joined(busy)
    await server.drained(limit_s)
    assert busy.close_code is None  # `Sessions.end` closes it


async def test_a_second_signal_ends_the_wait(server: Server) -> None:
    await server.joined(Client(in_turn=True))
    draining = asyncio.create_task(server.drained())
    await asyncio.sleep(0)
    server.at_once.set()
    await draining


async def test_a_running_text_chat_is_waited_for(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    class Chats:
        running = 1
        refused = asyncio.Event()

        def refuse_new(self) -> None:
            self.refused.set()

    chats: Any = Chats()
    draining = asyncio.create_task(
        drain(server.sessions, server.turns, chats, limit_s=60.0, at_once=server.at_once, close_s=1.0)
    )
    await chats.refused.wait()
    assert not draining.done()
    assert caplog.messages == ["stopping: waiting up to 60 s for the turns of 1 conversations to end"]
    chats.running = 0
    async with asyncio.timeout(20):
        await draining


def test_a_full_server_says_something_else() -> None:
    full = Sessions(0)
    assert full.refusal() == FULL
    assert full.refused == {"full": 1}
