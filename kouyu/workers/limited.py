"""Calls functions in worker processes from the event loop."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from kouyu.workers.messages import ANSWER, NAME_BYTES, PID, SIZE, Limits, Raised, Request

_AT_ONCE: Final = 2
"""Most simultaneous calls of one module's functions; more are queued."""
_IDLE_S: Final = 120.0
"""Idle seconds after which the fork server ends: with all its modules it takes some 60 MB."""
_START_S: Final = 30.0
"""Most seconds for the fork server to start and import its modules, on a busy machine too."""
_GRACE_S: Final = 1.0
_LONGEST_FAULT: Final = 4096
"""Most bytes of an exception's text."""

Argument = bytes | str | int | float | dict[str, str]


class WorkFailed(Exception):
    """A call failed. The text says why.

    ``kind`` is the class name of the exception that the function raised, and the text its text; if it is "", the text
    is a predicate, such as "takes too much time or memory".
    """

    def __init__(self, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind


class LimitedWorkers:
    """Runs functions in processes with limits. Starts fork servers at the first call; call ``close`` when done."""

    def __init__(self, *, at_once: int = _AT_ONCE) -> None:
        self._places: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(at_once))
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = asyncio.Lock()
        self._running = 0
        self._idle: asyncio.TimerHandle | None = None

    async def run(self, function: Callable[..., bytes], *arguments: Argument, limits: Limits) -> bytes:
        """Call a module's top-level function with ``arguments`` in a worker process; return its result.

        Cancelling ends the process at once. Raises WorkFailed.
        """
        async with self._places[function.__module__]:
            self._running += 1
            try:
                return await self._run(function.__module__, Request(function.__name__, [*arguments], limits))
            finally:
                self._running -= 1
                self._end_when_idle()

    async def close(self) -> None:
        """End all processes."""
        if self._idle is not None:
            self._idle.cancel()
        self._forget_process()
        await self._collect()

    async def _run(self, module: str, request: Request) -> bytes:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        pid = 0
        try:
            with theirs:
                await self._hand_over(module, theirs)
            async with asyncio.timeout(_START_S):
                (pid,) = PID.unpack(await _read(loop, ours, PID.size))
            async with asyncio.timeout(request.limits.wall_s + _GRACE_S):
                content = msgspec.msgpack.encode(request)
                await loop.sock_sendall(ours, SIZE.pack(len(content)))
                await loop.sock_sendall(ours, memoryview(content))  # of which uvloop copies no rest at each step
                is_result, size = ANSWER.unpack(await _read(loop, ours, ANSWER.size))
                if size > max(request.limits.output_bytes, _LONGEST_FAULT):
                    raise EOFError
                answer = await _read(loop, ours, size)
            pid = 0
        except (TimeoutError, EOFError, OSError) as fault:
            raise WorkFailed(
                "takes too much time or memory" if pid else "could not be started: no process could be created"
            ) from fault
        finally:
            ours.close()
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if is_result:
            return answer
        raised = msgspec.msgpack.decode(answer, type=Raised)
        raise WorkFailed(raised.text, raised.kind)

    async def _hand_over(self, module: str, theirs: socket.socket) -> None:
        """Pass the socket of a call to the fork server. Raises OSError."""
        async with self._starting:
            if self._control is None or self._process is None or self._process.poll() is not None:
                self._forget_process()
                await self._collect()
                self._start()
            assert self._control is not None
            socket.send_fds(self._control, [module.encode().ljust(NAME_BYTES)], [theirs.fileno()])

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        with theirs:
            self._process = subprocess.Popen(
                (sys.executable, "-m", "kouyu.workers.fork_server"),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=os.environ | one_thread,
            )

    def _end_when_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_S, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if not self._running:
            self._forget_process()

    async def _collect(self) -> None:
        """Reap fork servers that were told to end."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    def _forget_process(self) -> None:
        """Close the fork server's socket, so that it ends. It is reaped at the next start, or at ``close``."""
        if self._control is not None:
            self._control.close()
        self._control = None


async def _read(loop: asyncio.AbstractEventLoop, ours: socket.socket, size: int) -> bytes:
    content = bytearray(size)
    view, at = memoryview(content), 0
    while at < size:
        count = await loop.sock_recv_into(ours, view[at:])
        if count == 0:
            raise EOFError
        at += count
    return bytes(content)
