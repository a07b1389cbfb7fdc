"""One worker, as the parent process sees it: starts it, and starts it again when it has ended by itself."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from kouyu.metrics.snapshot import Snapshot, decoded
from kouyu.server.process.workers.handing_over import HandingOver
from kouyu.server.process.workers.restarts import Pauses, WorkerFailed, how
from kouyu.server.process.workers.start import WorkerStart
from kouyu.server.siblings.channel import Channel, ChannelClosed

log = logging.getLogger(__name__)

WORKER: Final = "kouyu.server.process.workers.worker"
"""The module that a worker process runs."""


class WorkerProcess:
    """A worker of this server, with one process at a time."""

    def __init__(
        self,
        start: WorkerStart,
        *,
        counts_descriptor: int,
        inherited: tuple[int, ...],
        handing_over: HandingOver,
        noticed: Callable[[int, bytes], None],
        ended: Callable[[int], Awaitable[None]],
    ) -> None:
        """``inherited``: further descriptors that the process keeps open. ``noticed`` takes the notices for the others;
        ``ended`` is awaited after each end of a process, before the next one is started."""
        self.start = start
        self.number = start.worker + 1
        self._counts_descriptor = counts_descriptor
        self._inherited = inherited
        self._handing_over = handing_over
        self._noticed = noticed
        self._ended = ended
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._failure = ""
        self._answers: Callable[[str], Awaitable[bytes]] | None = None
        self.ready = asyncio.Event()
        self._stopping = False
        self.last = Snapshot()
        """The metrics of the running process, as last read."""

    @property
    def process_id(self) -> int | None:
        """Of the running process; None while there is none."""
        return self._process.pid if self._process is not None else None

    def answer_with(self, answers: Callable[[str], Awaitable[bytes]]) -> None:
        """Answer what the worker asks."""
        self._answers = answers

    def tell(self, what: str, body: bytes = b"") -> None:
        """Tell the worker."""
        if self._channel is not None and self.ready.is_set():
            self._channel.tell(what, body)

    async def ask(self, what: str) -> bytes:
        """Ask the worker; b"" if it does not answer."""
        if self._channel is None or not self.ready.is_set():
            return b""
        try:
            return await self._channel.ask(what)
        except ChannelClosed as fault:
            log.debug("worker %d: %s", self.number, fault)  # it has just ended, and is started again
            return b""

    async def metrics(self) -> Snapshot:
        """Read its metrics."""
        if answer := await self.ask("metrics"):
            self.last = decoded(answer)
        return self.last

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal to stop: it is not started again."""
        self._stopping = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def keep(self) -> None:
        """Run a process, and a new one whenever it ends, until ``signal`` was called and it has ended.

        Raises WorkerFailed if the first one does not start. When cancelled, kills it.
        """
        pauses, has_run = Pauses(), False
        while True:
            pauses.begin()
            status = await self._live_once()
            was_ready = self.ready.is_set()
            has_run = has_run or was_ready
            self.ready.clear()
            await self._ended(self.start.worker)
            if self._is_stopping():
                return
            said = self._failure or f"its process {how(status)}"
            if not has_run:
                raise WorkerFailed(self._failure or f"worker {self.number} did not start: {said}")
            pause_s = pauses.after_end()
            what = "has ended" if was_ready else "could not be started again"
            log.error("worker %d %s: %s; it is started again in %.1f s", self.number, what, said, pause_s)
            await asyncio.sleep(pause_s)
            if self._is_stopping():
                return

    def _is_stopping(self) -> bool:
        return self._stopping

    async def _live_once(self) -> int:
        """Run one process to its end; return its status."""
        self._failure = ""
        async with self._spawned() as process:
            self._process = process
            try:
                return await process.wait()
            finally:
                self._process = None

    @contextlib.asynccontextmanager
    async def _spawned(self) -> AsyncIterator[asyncio.subprocess.Process]:
        channel_here, channel_there = socket.socketpair()
        connections_here, connections_there = socket.socketpair()
        with channel_there, connections_there:
            given = (channel_there.fileno(), connections_there.fileno(), self._counts_descriptor)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", WORKER, *(str(descriptor) for descriptor in given)),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(*given, *self._inherited),
                start_new_session=True,  # Ctrl-C is for the parent, which then ends its workers in order
            )
        self._connections = connections_here
        self._channel = channel = Channel(self._told, self._asked)
        await channel.open(channel_here)
        listening = asyncio.create_task(channel.run(), name=f"worker {self.number}")
        channel.tell("start", self.start.encode())
        try:
            yield process
        finally:
            self._handing_over.remove(self.start.worker)
            connections_here.close()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            self._channel = None

    def _told(self, what: str, body: bytes) -> None:
        match what:
            case "ready":
                self._handing_over.add(self.start.worker, self._connections)
                self.ready.set()
            case "failed":
                self._failure = body.decode()
            case "notice":
                self._noticed(self.start.worker, body)
            case _:
                log.error("worker %d told %r, which is not known", self.number, what)

    async def _asked(self, what: str, body: bytes) -> bytes:
        if what == "heard" or self._answers is None:
            return b""
        return await self._answers(what)
