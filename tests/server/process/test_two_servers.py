"""Two server processes on one PostgreSQL database find each other, have one token, and share their counts."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from kouyu.server.access.failure_backoff import FAILURES_AT_ONCE
from tests.server.process.test_server_life import ready


class Server:
    """A running process, and what it said when it was ready."""

    def __init__(self, said: Any, token: str) -> None:
        self.said = said
        self.http = httpx.AsyncClient(
            base_url=said["http"], headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=20
        )

    async def fails(self) -> int:
        """The status that a client without a token gets."""
        return (await self.http.get("/v1/kouyu/status", headers={"Authorization": "Bearer nobody"})).status_code


@asynccontextmanager
async def process(folder: Path, database: str) -> AsyncIterator[Process]:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.server.serving_process", str(folder), f"--database={database}"),
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield started
    finally:
        started.kill()
        await started.communicate()


@pytest.fixture
async def two(shared: str, tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    async with AsyncExitStack() as stack:
        said = [
            await ready(await stack.enter_async_context(process(tmp_path / name, shared)))
            for name in ("first", "second")
        ]
        servers = [Server(each, said[0]["token"]) for each in said]
        for server in servers:
            await stack.enter_async_context(server.http)
        yield servers[0], servers[1]


async def test_they_know_each_other_and_have_one_token(two: tuple[Server, Server]) -> None:
    first, second = two
    assert (bool(first.said["token"]), second.said["token"]) == (True, "")
    status = (await second.http.get("/v1/kouyu/status")).json()["data"]
    assert [server["address"] for server in status["servers"]] == [second.said["http"], first.said["http"]]
    assert all(server["version"] for server in status["servers"])


async def test_an_address_that_fails_at_one_is_slowed_down_at_the_other(two: tuple[Server, Server]) -> None:
    first, second = two
    at_second = []
    while 429 not in at_second:
        await asyncio.gather(*(first.fails() for _ in range(40)))
        await asyncio.sleep(0.2)
        at_second.append(await second.fails())
        assert len(at_second) < FAILURES_AT_ONCE  # by these alone none is refused
