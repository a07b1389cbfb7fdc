"""The server of a load test in several worker processes. Each answers with its measurements at a socket of its own; the
parent process joins them."""

import asyncio
import functools
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from kouyu.assembly.runtime import Runtime
from kouyu.bench.capacity_server import Measured, Measurements, measured_runtime, report_of
from kouyu.bench.measured_server import print_line
from kouyu.settings import Settings
from kouyu.store.store import Store


@asynccontextmanager
async def open_reporting_sessions(
    settings: Settings, store: Store, *, stub_engines: bool, folder: Path
) -> AsyncIterator[Runtime]:
    """The Runtime of a worker. Who connects to its socket in ``folder`` gets what was measured since the last time."""
    measurements = Measurements()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(msgspec.json.encode(measurements.take()))
        await writer.drain()
        writer.close()

    async with (
        await asyncio.start_unix_server(answer, folder / f"{os.getpid()}.sock"),
        measured_runtime(settings, store, measurements, stub_engines=stub_engines) as runtime,
    ):
        yield runtime


async def answer_for_all(folder: Path) -> None:
    """Report for every line on stdin what all workers have measured, until cancelled."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        functools.partial(asyncio.StreamReaderProtocol, lines), sys.stdin
    )
    while await lines.readline():
        sockets = await asyncio.to_thread(lambda: sorted(folder.glob("*.sock")))
        print_line(report_of(await asyncio.gather(*map(_asked, sockets))))


async def _asked(path: Path) -> Measured:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        return msgspec.json.decode(await reader.read(-1), type=Measured)
    finally:
        writer.close()
