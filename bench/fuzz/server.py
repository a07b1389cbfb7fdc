"""The fuzzed server: the real application, which also reports measurements of itself.

    python -m bench.fuzz.server FOLDER --config FILE [--uvloop]

Prints a line of JSON when it is ready, and one ServerReport for every line that comes on stdin. On asyncio's own event
loop every callback's processor time is measured; uvloop, which `kouyu serve` uses, runs its callbacks where nothing can
be put around them, so that there the longest ones are not known.
"""

import asyncio
import functools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
import uvloop

from bench.fuzz.callback_times import CallbackTimes, LongCallback
from kouyu.assembly.lifespan import open_sessions
from kouyu.assembly.runtime import Runtime
from kouyu.bench.children import ServerAddress
from kouyu.bench.ingestion import MeasuredSocket
from kouyu.bench.statistics import Summary, summarise
from kouyu.server.process.data_folder import open_data_folder
from kouyu.server.process.log_lines import ServerLog
from kouyu.server.process.opening import Ready
from kouyu.server.process.server_life import serve
from kouyu.serving.socket import Socket
from kouyu.settings import Settings, load
from kouyu.settings.all_settings import anchored
from kouyu.settings.telemetry import LogSettings
from kouyu.store.store import Store


class ServerReport(msgspec.Struct, frozen=True, kw_only=True):
    """Since the beginning. ms; None where nothing was measured."""

    sessions: int
    ingest: Summary | None
    """From the sending of a frame of the well-behaved client to its having been taken in."""
    callbacks: int
    """That the event loop ran; 0 where they are not measured."""
    long_callbacks: list[LongCallback]


class _Measured:
    """Stands between the server and its sessions."""

    def __init__(self, times: CallbackTimes | None) -> None:
        self._times = times
        self._ingest: list[float] = []
        self._sessions = 0

    async def run_session(self, socket: Socket, *, run: Any, **about: str) -> None:
        """A session whose frames are measured."""
        self._sessions += 1
        try:
            await run(MeasuredSocket(socket, self._ingest), **about)
        finally:
            self._sessions -= 1

    async def answer(self) -> None:
        """Report for every line on stdin, until cancelled."""
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while await lines.readline():
            _print(
                ServerReport(
                    sessions=self._sessions,
                    ingest=summarise(self._ingest),
                    callbacks=self._times.count if self._times else 0,
                    long_callbacks=self._times.longest() if self._times else [],
                )
            )


@asynccontextmanager
async def _open_measured(settings: Settings, times: CallbackTimes | None, store: Store) -> AsyncIterator[Runtime]:
    measured = _Measured(times)
    async with open_sessions(settings, store) as opened, asyncio.TaskGroup() as tasks:
        answering = tasks.create_task(measured.answer())
        run = functools.partial(measured.run_session, run=opened.run_session)
        yield msgspec.structs.replace(opened, run_session=run)
        answering.cancel()


def _print(value: msgspec.Struct) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--config", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--uvloop", "on_uvloop", is_flag=True)
def main(folder: Path, config: Path, on_uvloop: bool) -> None:
    """Run the fuzzed server."""
    ServerLog().follow(LogSettings(level="info"))
    settings = anchored(load(config), config.absolute().parent)
    times = None if on_uvloop else CallbackTimes()

    def announce(ready: Ready) -> None:
        _print(ServerAddress(ready.http, ready.token, ready.pid))
        if times is not None:
            times.begin()

    with open_data_folder(folder / "data") as data_folder:
        work = serve(
            settings,
            data_folder,
            folder / "data" / "kouyu.db",
            open_sessions=functools.partial(_open_measured, settings, times),
            announce=announce,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop if on_uvloop else asyncio.new_event_loop) as runner:
            runner.run(work)


if __name__ == "__main__":
    main()
