"""Starts a program of ``bots/`` in the environment of its peer."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from bench.peers.peer import PeerNotInstalled
from kouyu.bench.children import START_S, ServerDidNotStart, last_log_lines

ROOT: Final = Path(__file__).resolve().parents[2]
_BOTS: Final = Path(__file__).with_name("bots")
_LOG: Final = "log"
_POLL_S: Final = 0.1
_STOP_S: Final = 10.0


@contextlib.asynccontextmanager
async def bot(python: Path, program: str, options: dict[str, Any]) -> AsyncIterator[int]:
    """Run a bot while the block runs; gives the port on which it listens once it is ready.

    Raises PeerNotInstalled, ServerDidNotStart.
    """
    _require(python)
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="kouyu-bench-") as name:
        folder = Path(name)
        with (folder / _LOG).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(str(python), str(_BOTS / program), json.dumps(options | {"port": port})),
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Whisper would take four threads on any machine, and wait for them where there are two cores. No
                # model is looked for on the internet.
                env={**os.environ, "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0))), "HF_HUB_OFFLINE": "1"},
            )
        try:
            await _ready(process, program, port, folder)
            yield port
        finally:
            await _stop(process)


def _require(python: Path) -> None:
    if not python.exists():
        raise PeerNotInstalled(f"there is no {python.relative_to(ROOT)}: bench/peers/README.md says what makes it")


async def _ready(process: asyncio.subprocess.Process, program: str, port: int, folder: Path) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return
                await asyncio.sleep(_POLL_S)
    raise ServerDidNotStart(f"{program} did not start:\n{last_log_lines(folder)}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
