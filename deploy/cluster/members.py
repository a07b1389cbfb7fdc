"""The processes of a cluster: started, killed, stopped and started again."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from kouyu.bench.children import end

START_S: Final = 120.0
"""Time in seconds for a process to say that it is ready: it loads models."""
STOP_S: Final = 60.0


class DidNotStart(Exception):
    """A process ended, or said nothing, before it was ready. The text has the end of its log."""


class Member:
    """A process that prints a line of JSON when it is ready, with its log in ``folder/log``."""

    def __init__(self, folder: Path, *command: str) -> None:
        """``command``: what follows ``python -m``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ready: dict[str, Any] = {}
        """What it said when it was last ready."""
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name

    async def start(self) -> None:
        """Start it, and wait until it is ready. Raises DidNotStart."""
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self._command,
                cwd=self.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C goes to the script, which then stops its processes
            )
        assert self._process.stdout is not None
        line = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                line = await self._process.stdout.readline()
        if not line:
            await self.kill()
            last = (self.folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
            raise DidNotStart(f"{self.name} did not start:\n" + "\n".join(last))
        self.ready = msgspec.json.decode(line)

    async def kill(self) -> None:
        """SIGKILL."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM: it lets running turns end. Killed if it has not ended after STOP_S."""
        await self._end(signal.SIGTERM)

    async def stop_at_once(self) -> None:
        """SIGINT: connections are closed at once."""
        await self._end(signal.SIGINT)

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        await end(process, how, STOP_S)


class Balancer:
    """HAProxy with deploy/cluster/haproxy.cfg, in front of two servers. ``admin`` is the path of its admin socket."""

    def __init__(self, program: str, folder: Path, servers: tuple[str, str]) -> None:
        """``servers``: HOST:PORT of each."""
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._program = program
        self._folder = folder
        self._servers = servers
        self._process: asyncio.subprocess.Process | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What haproxy.cfg reads."""
        return {
            **os.environ,
            "KOUYU_BIND": f"127.0.0.1:{self.port}",
            "KOUYU_SERVER_1": self._servers[0],
            "KOUYU_SERVER_2": self._servers[1],
            "KOUYU_ADMIN_SOCKET": str(self._folder / "admin.sock"),
        }

    async def start(self) -> None:
        """Start it, and wait until it accepts connections. Raises DidNotStart."""
        file = str(Path(__file__).parent / "haproxy.cfg")
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._program, "-db", "-f", file, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                while self._process.returncode is None:
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                        writer.close()
                        return
                    await asyncio.sleep(0.05)
        raise DidNotStart("HAProxy did not start:\n" + (self._folder / "log").read_text(encoding="utf-8"))

    async def command(self, text: str) -> str:
        """Send a line to the admin socket, such as ``set server kouyu/one state drain``; its answer."""
        reader, writer = await asyncio.open_unix_connection(self._folder / "admin.sock")
        writer.write(text.encode() + b"\n")
        answer = (await reader.read()).decode().strip()
        writer.close()
        return answer

    async def stop(self) -> None:
        """End it, with all connections."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
