"""Servers on one PostgreSQL database that are killed by SIGKILL in the middle of chats: their conversations go on at
once. The leases of the killed ones are made to last for ever, so none is taken to be over."""

# ruff: noqa: ASYNC110 - what other processes do is waited for

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, make_url, select, update
from sqlalchemy.ext.asyncio import create_async_engine

from kouyu.client.voice_client import open_client
from kouyu.domain.errors import CHAT_RUNS
from kouyu.store.tables import servers
from tests.server.process.test_server_life import ready
from tests.server.worker_sessions import FOLDER_VARIABLE, HANG

PATIENCE_S = 120
"""Far more than it takes, for a machine that is busy with other tests."""
FOREVER = 4e9

DEFAULT = "kouyu"


class Server:
    """A running server, and what it said when it was ready."""

    def __init__(self, process: Process, said: Any, token: str) -> None:
        self.process = process
        self.said = said
        self.token = said["token"] or token
        self.http = httpx.AsyncClient(
            base_url=said["http"],
            headers={"Authorization": f"Bearer {self.token}"},
            trust_env=False,
            timeout=PATIENCE_S,
        )

    async def begin(self, question: str, conversation_id: str = "") -> Any:
        """Begin a written chat, whose end is not waited for; return the answer."""
        message = {"role": "user", "content": question, "content_type": "text"}
        body = {"bot_id": DEFAULT, "user_id": "ada", "additional_messages": [message], "stream": False}
        where = {"conversation_id": conversation_id} if conversation_id else {}
        return (await self.http.post("/v3/chat", params=where, json=body)).json()

    async def begin_aloud(self) -> Any:
        """Begin a chat over a WebSocket that is lost with the server; return the chat."""
        async with asyncio.timeout(PATIENCE_S), open_client(self.said["http"], self.token) as client:
            message = {"role": "user", "content_type": "text", "content": HANG}
            await client.send("conversation.message.create", message)
            async for event in client.events():
                if event.type == "conversation.chat.in_progress":
                    self.kill_all()
                    return event.data
        raise AssertionError("the connection ended before the chat began")

    async def until(self, chat: Any, status: str) -> None:
        """Wait until the chat is kept with this status."""
        where = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
        async with asyncio.timeout(PATIENCE_S):
            while (await self.http.get("/v3/chat/retrieve", params=where)).json()["data"]["status"] != status:
                await asyncio.sleep(0.05)

    def kill_all(self) -> None:
        """Kill the process, and its workers before it can notice."""
        self.process.send_signal(signal.SIGSTOP)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in (*map(int, children.read_text().split()), self.process.pid):
            os.kill(pid, signal.SIGKILL)


Start = Callable[..., Awaitable[Server]]


@pytest.fixture
async def start(shared: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a server on the database, with a data folder of this name."""
    started: list[Server] = []

    async def starter(name: str, *, workers: bool = False) -> Server:
        program = "workers_process" if workers else "serving_process"
        arguments = () if workers else ("--conversing", f"--database={shared}")
        (tmp_path / name).mkdir(mode=0o700, exist_ok=True)
        with (tmp_path / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"tests.server.{program}", str(tmp_path / name), *arguments),
                env={**os.environ, "KOUYU_DATABASE": shared, FOLDER_VARIABLE: str(tmp_path / name)},
                stdout=PIPE,
                stderr=log,
            )
        started.append(Server(process, await ready(process), started[0].token if started else ""))
        return started[-1]

    yield starter
    for server in started:
        if server.process.returncode is None:
            server.kill_all()
        await server.process.wait()
        await server.http.aclose()


class Database:
    """The table of servers."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))

    async def do(self, work: Callable[[Connection], Any]) -> Any:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def know_sessions(self, count: int) -> None:
        """Wait until so many servers have told of their sessions."""
        with_session = select(servers.c.run).where(servers.c.session != "")
        async with asyncio.timeout(PATIENCE_S):
            while len(await self.do(lambda connection: connection.execute(with_session).all())) < count:
                await asyncio.sleep(0.05)

    async def leases_last(self) -> None:
        """Let all leases last for ever; a server that lives renews its own by the ordinary time."""
        await self.do(lambda connection: connection.execute(update(servers).values(renewed_at=FOREVER)))

    async def close(self) -> None:
        await self._engine.dispose()


@pytest.fixture
async def database(shared: str) -> AsyncIterator[Database]:
    opened = Database(shared)
    yield opened
    await opened.close()


async def begun_in(server: Server, conversation_id: str) -> Any:
    """Begin a chat in a conversation as soon as that is allowed; what else is answered meanwhile fails."""
    async with asyncio.timeout(PATIENCE_S):
        while (answer := await server.begin("Are you there?", conversation_id))["code"] == CHAT_RUNS:
            await asyncio.sleep(0.05)
    assert answer["code"] == 0, answer
    return answer["data"]


@pytest.mark.parametrize("workers", [False, True])
async def test_a_written_chat_begins_at_another_server_where_one_was_cut_off(
    start: Start, database: Database, workers: bool
) -> None:
    killed = await start("first", workers=workers)
    other = await start("second")
    await database.know_sessions(3 if workers else 2)
    cut = (await killed.begin(HANG))["data"]
    assert (await other.begin("Hello?", cut["conversation_id"]))["code"] == CHAT_RUNS
    killed.kill_all()
    await killed.process.wait()
    await database.leases_last()
    await other.until(await begun_in(other, cut["conversation_id"]), "completed")
    await other.until(cut, "failed")


async def test_a_spoken_chat_that_was_cut_off_is_failed(start: Start, database: Database) -> None:
    killed, other = await start("first"), await start("second")
    await database.know_sessions(2)
    cut = await killed.begin_aloud()
    await killed.process.wait()
    await database.leases_last()
    await other.until(cut, "failed")


async def test_a_server_alone_goes_on_when_it_is_started_again(start: Start, database: Database) -> None:
    killed = await start("first")
    await database.know_sessions(1)
    cut = (await killed.begin(HANG))["data"]
    killed.kill_all()
    await killed.process.wait()
    await database.leases_last()
    again = await start("first")
    await again.until(await begun_in(again, cut["conversation_id"]), "completed")
    await again.until(cut, "failed")


async def test_a_server_that_is_paused_keeps_its_chat(start: Start, database: Database) -> None:
    paused, other = await start("first"), await start("second")
    await database.know_sessions(2)
    running = (await paused.begin(HANG))["data"]
    paused.process.send_signal(signal.SIGSTOP)
    await database.leases_last()
    assert (await other.begin("Hello?", running["conversation_id"]))["code"] == CHAT_RUNS
    paused.process.send_signal(signal.SIGCONT)
    where = {"conversation_id": running["conversation_id"], "chat_id": running["id"]}
    cancelled = (await other.http.post("/v3/chat/cancel", json=where)).json()
    assert (cancelled["code"], cancelled["data"]["status"]) == (0, "canceled")
