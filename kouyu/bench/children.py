"""Child processes of the benchmark: a server, started as a user starts it, and load generators."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec

from kouyu.bench.received import ConnectionLost

START_S: Final = 120.0
"""Timeout of the start in seconds, while models are loaded and warmed up."""
STOP_S: Final = 10.0
_LAST_LINES: Final = 15
_LAST_LINES_S: Final = 1.0
"""Time in seconds for a crashing server to exit and log the reason."""
_LOG: Final = "log"
_LONGEST_LINE: Final = 16 * 1024 * 1024


class ServerDidNotStart(Exception):
    """The server ended before it was ready. The text is the end of its log."""


class ChildBroke(Exception):
    """A child process of the benchmark ended too early."""


class ServerAddress(msgspec.Struct, frozen=True):
    """How to reach a server."""

    http: str
    token: str
    pid: int = 0
    """Its process id; 0 for a server on another machine."""


@contextlib.asynccontextmanager
async def child(folder: Path, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``python -m COMMAND`` in ``folder`` while the block runs; its log is a file there, its pipes the caller's."""
    with (folder / _LOG).open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *command,
            cwd=folder,
            # A download would compete with what is measured, and another model would take over in the middle.
            env={**os.environ, "KOUYU_WEIGHTS__FETCH_IN_BACKGROUND": "false"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C goes to the benchmark, which then stops its children
        )
    try:
        yield process
    finally:
        await end(process, signal.SIGINT, STOP_S)


@contextlib.asynccontextmanager
async def own_server(folder: Path, *command: str) -> AsyncIterator[tuple[ServerAddress, asyncio.subprocess.Process]]:
    """As ``child``, for a server that prints a line of JSON when it is ready. Raises ServerDidNotStart.

    The log is deleted with the folder, so a ConnectionLost or ChildBroke that ends the block gets a note with its last
    lines.
    """
    async with child(folder, *command) as process:
        address = await _ready(process, folder)
        try:
            yield address, process
        except (ConnectionLost, ChildBroke) as fault:
            fault.add_note(await _fate(process, folder))
            raise


def serve_command(folder: Path, config: Path, *, tier: str | None = None) -> tuple[str, ...]:
    """`kouyu serve` with its data in ``folder``, on free ports. ``tier`` of the embedded language model; None: that of
    the settings."""
    ports = ("--port", "0", "--https-port", "0")
    files = ("--data-dir", str(folder / "data"), "--config", str(config))
    model = ("--tier", tier) if tier is not None else ()
    return ("kouyu", "serve", "--print-json", "--log-level", "warning", *ports, *files, *model)


async def _ready(process: asyncio.subprocess.Process, folder: Path) -> ServerAddress:
    assert process.stdout is not None
    line = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            line = await process.stdout.readline()
    if not line:
        raise ServerDidNotStart(f"the server did not start:\n{last_log_lines(folder)}")
    return msgspec.json.decode(line, type=ServerAddress)


async def _fate(process: asyncio.subprocess.Process, folder: Path) -> str:
    """The state of the server process, in words."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_LINES_S):
            await process.wait()
    match process.returncode:
        case None:
            state = "the server still runs"
        case status if status < 0:
            state = f"the server was ended by signal {-status} ({signal.strsignal(-status)})"
        case status:
            state = f"the server has ended with status {status}"
    log = last_log_lines(folder)
    return f"{state}; its log ends:\n{log}" if log else f"{state}; its log is empty"


def last_log_lines(folder: Path) -> str:
    """The end of the log of a child that runs, or ran, in ``folder``."""
    log = (folder / _LOG).read_text(encoding="utf-8", errors="replace")
    return "\n".join(log.splitlines()[-_LAST_LINES:])


async def end(process: asyncio.subprocess.Process, how: signal.Signals, limit_s: float) -> None:
    """End a process by a signal, or kill it if it has not ended after ``limit_s`` seconds."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(how)
    try:
        async with asyncio.timeout(limit_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
