"""Real processes: what they give back, and what ends them."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from kouyu.workers.limited import LimitedWorkers, WorkFailed
from kouyu.workers.messages import Limits
from tests.standins.connections import serving

LIMITS = Limits(cpu_s=5, wall_s=10.0, memory_bytes=256 * 1024 * 1024, output_bytes=1024 * 1024)


def reversed_bytes(content: bytes) -> bytes:
    return content[::-1]


def process_id() -> bytes:
    return str(os.getpid()).encode()


def raising() -> bytes:
    raise LookupError("there is no such page")


def taking_memory(size: int) -> bytes:
    return bytes(bytearray(size)[:1])


def computing() -> bytes:
    while True:
        pass


def sleeping_on_the_line(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)):
        return sleeping()


def sleeping() -> bytes:
    time.sleep(60)
    return b""


def dying() -> bytes:
    os.abort()


def writing(path: str) -> bytes:
    with open(path, "wb") as file:
        file.write(b"x")
    return b""


async def test_a_result_of_any_size_comes_back(workers: LimitedWorkers) -> None:
    content = bytes(range(256)) * 4_000
    assert await workers.run(reversed_bytes, content, limits=LIMITS) == content[::-1]
    assert await workers.run(reversed_bytes, b"", limits=LIMITS) == b""


async def test_each_call_has_a_process_of_its_own(workers: LimitedWorkers) -> None:
    calls = [workers.run(process_id, limits=LIMITS) for _ in range(6)]
    assert len({*await asyncio.gather(*calls), str(os.getpid()).encode()}) == 7


async def test_an_exception_comes_back_by_its_name(workers: LimitedWorkers) -> None:
    with pytest.raises(WorkFailed, match="there is no such page") as failed:
        await workers.run(raising, limits=LIMITS)
    assert failed.value.kind == "LookupError"


async def test_memory_time_and_output_are_bounded(workers: LimitedWorkers) -> None:
    little = Limits(cpu_s=1, wall_s=0.5, memory_bytes=64 * 1024 * 1024, output_bytes=1024)
    enough_time = msgspec.structs.replace(little, wall_s=10.0)
    assert await workers.run(taking_memory, 1_000_000, limits=enough_time) == b"\0"
    for call in (
        workers.run(taking_memory, 200_000_000, limits=enough_time),
        workers.run(sleeping, limits=little),
        workers.run(computing, limits=Limits(cpu_s=1, wall_s=60.0, memory_bytes=64 * 1024 * 1024, output_bytes=1)),
        workers.run(reversed_bytes, bytes(1025), limits=little),
        workers.run(dying, limits=little),
    ):
        with pytest.raises(WorkFailed):
            await call


async def test_no_file_is_written(workers: LimitedWorkers, tmp_path: object) -> None:
    with pytest.raises(WorkFailed):
        await workers.run(writing, f"{tmp_path}/file", limits=LIMITS)


async def test_cancelling_ends_the_process(workers: LimitedWorkers) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def line(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        begun.set()
        await reader.read()
        ended.set()

    async with serving(line) as port, asyncio.timeout(60):
        call = asyncio.create_task(workers.run(sleeping_on_the_line, port, limits=LIMITS))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await ended.wait()
    assert await workers.run(reversed_bytes, b"ab", limits=LIMITS) == b"ba"


@pytest.fixture
async def own_workers() -> AsyncIterator[LimitedWorkers]:
    made = LimitedWorkers(at_once=1)
    yield made
    await made.close()


async def test_a_fork_server_that_died_is_replaced(own_workers: LimitedWorkers) -> None:
    assert await own_workers.run(reversed_bytes, b"ab", limits=LIMITS) == b"ba"
    assert own_workers._process is not None
    own_workers._process.kill()
    own_workers._process.wait()
    assert await own_workers.run(reversed_bytes, b"ab", limits=LIMITS) == b"ba"


async def test_calls_wait_for_a_place(own_workers: LimitedWorkers) -> None:
    calls = [own_workers.run(reversed_bytes, bytes([n]), limits=LIMITS) for n in range(5)]
    assert await asyncio.gather(*calls) == [bytes([n]) for n in range(5)]
