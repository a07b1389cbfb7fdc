"""How much later a frame arrives that passes `kouyu proxy`: the same frames directly, and through it."""

import asyncio
import base64
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from kouyu.bench.children import ServerDidNotStart

FRAME_BYTES: Final = 640
"""20 ms of the user's audio at 16 kHz."""
_WARM_UP: Final = 50
_START_S: Final = 30.0


class ProxyLatency(msgspec.Struct, frozen=True):
    """Milliseconds for a frame in one direction: half of the time until its echo is back."""

    frames: int
    direct_p50_ms: float
    proxied_p50_ms: float
    added_p50_ms: float
    added_p95_ms: float
    added_p99_ms: float


async def measure_proxy(frames: int, every_ms: float) -> ProxyLatency:
    """Send frames of audio to an echo, one directly, one through a proxy that records, and so on.

    ``every_ms``: between two frames. Raises ServerDidNotStart.
    """
    async with serve(_echo, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with tempfile.TemporaryDirectory() as folder:
            async with (
                _proxy(port, Path(folder) / "cassette") as url,
                connect(f"ws://127.0.0.1:{port}", compression=None) as direct,
                connect(url.replace("http", "ws", 1), compression=None) as proxied,
            ):
                return await _compare(direct, proxied, frames, every_ms / 1000)


async def _echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


@contextlib.asynccontextmanager
async def _proxy(port: int, folder: Path) -> AsyncIterator[str]:
    """A proxy in a process of its own."""
    options = ["--upstream", f"ws://127.0.0.1:{port}", "--cassette", str(folder), "--port", "0", "--print-json"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kouyu", "proxy", *options, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_START_S):
            line = await process.stdout.readline()
        if not line:
            raise ServerDidNotStart("kouyu proxy did not start")
        yield json.loads(line)["url"]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _compare(direct: ClientConnection, proxied: ClientConnection, frames: int, every_s: float) -> ProxyLatency:
    data = {"delta": base64.b64encode(bytes(FRAME_BYTES)).decode()}
    frame = json.dumps({"event_type": "input_audio_buffer.append", "data": data})
    straight, through = [], []
    for number in range(frames + _WARM_UP):
        one, other = await _echoed(direct, frame), await _echoed(proxied, frame)
        if number >= _WARM_UP:
            straight.append(one)
            through.append(other)
        await asyncio.sleep(every_s)
    added = [other - one for one, other in zip(straight, through, strict=True)]
    return ProxyLatency(
        frames=frames,
        direct_p50_ms=statistics.median(straight),
        proxied_p50_ms=statistics.median(through),
        added_p50_ms=statistics.median(added),
        added_p95_ms=_percentile(added, 95),
        added_p99_ms=_percentile(added, 99),
    )


async def _echoed(socket: ClientConnection, frame: str) -> float:
    """Milliseconds in one direction."""
    sent = time.perf_counter()
    await socket.send(frame)
    await socket.recv()
    return (time.perf_counter() - sent) * 1000 / 2


def print_report(report: ProxyLatency, console: Console) -> None:
    """Print the report in three lines."""
    console.print(f"a frame of audio, one way, median: {report.direct_p50_ms:.3f} ms directly, ", end="")
    console.print(f"{report.proxied_p50_ms:.3f} ms through the proxy")
    added = f"{report.added_p50_ms:.3f} ms, 95 %: {report.added_p95_ms:.3f} ms, 99 %: {report.added_p99_ms:.3f} ms"
    console.print(f"added, median: {added} ({report.frames} frames)")


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
