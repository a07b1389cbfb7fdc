"""Runs a module as a child process that is spoken to over its pipes."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

_LINES: Final = 5


@asynccontextmanager
async def child_program(
    module: str, take: Callable[[str], None] = lambda line: None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.Task[str]]]:
    """Run ``python -m MODULE`` while the block runs; then kill it, with all that it has started.

    Yields the process, and a task that returns the last lines of its standard error, joined, once it has ended.
    ``take`` gets each of these lines when it is written.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Ctrl-C at the terminal is for the parent, which then ends this process and its own children together.
        start_new_session=True,
    )
    last_lines = asyncio.create_task(_last_lines(process.stderr, take))
    try:
        yield process, last_lines
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await last_lines
        await process.communicate()


async def _last_lines(stream: asyncio.StreamReader | None, take: Callable[[str], None]) -> str:
    lines: deque[str] = deque(maxlen=_LINES)
    assert stream is not None
    async for line in stream:
        lines.append(line.decode(errors="replace").strip())
        take(lines[-1])
    return " ".join(lines)
