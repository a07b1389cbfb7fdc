"""One worker, as the parent process sees it: starts it, and starts it again when it has ended by itself."""

import asyncio
import contextlib
import logging
import pickle
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from kouyu.metrics.snapshot import Snapshot, decoded
from kouyu.server.process.workers.handing_over import HandingOver
from kouyu.server.process.workers.restarts import Restarts, WorkerFailed, how
from kouyu.server.process.workers.start import WorkerStart
from kouyu.server.siblings.channel import ANSWER_S, Channel, ChannelClosed
from kouyu.settings import Settings

log = logging.getLogger(__name__)

WORKER: Final = "kouyu.server.process.workers.worker"
"""The module that a worker process runs."""
FOLLOWED_S: Final = 60.0
"""How long a worker may take to put changed settings into force: it connects the tool servers of new bots."""


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
        self._stopped_by: signal.Signals | None = None
        self._stops = asyncio.Event()
        self._has_settings: Settings | None = None
        """Those that the running process was given last."""
        self.restarts = Restarts()
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
        """Tell the worker, also one that is starting: what it loads may be older."""
        if self._channel is not None:
            self._channel.tell(what, body)

    async def ask(self, what: str, body: bytes = b"", *, timeout_s: float = ANSWER_S) -> bytes:
        """Ask the worker; b"" if it does not answer."""
        if self._channel is None or not self.ready.is_set():
            return b""
        try:
            return await self._channel.ask(what, body, timeout_s=timeout_s)
        except ChannelClosed as fault:
            log.debug("worker %d: %s", self.number, fault)  # it has just ended, and is started again
            return b""

    async def follow(self, settings: Settings) -> str:
        """Have it put these settings into force; return why it does not, "" if it does, or is just starting: see
        ``catch_up``."""
        if not self.ready.is_set():
            return ""
        self._has_settings = settings
        return (await self.ask("settings", pickle.dumps(settings), timeout_s=FOLLOWED_S)).decode()

    def catch_up(self) -> None:
        """Have it put the settings of ``start`` into force if they have changed while it started."""
        if self.ready.is_set() and self.start.settings is not self._has_settings:
            self._has_settings = self.start.settings
            self.tell("settings", pickle.dumps(self.start.settings))

    async def metrics(self) -> Snapshot:
        """Read its metrics."""
        if answer := await self.ask("metrics"):
            self.last = decoded(answer)
        return self.last

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal to stop: it is not started again."""
        self._stopped_by = number
        self._stops.set()
        self.restarts.state = "stopping"
        self._send_signal()

    def _send_signal(self) -> None:
        if self._process is not None and self._stopped_by is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self._stopped_by)

    async def keep(self) -> None:
        """Run a process, and a new one whenever it ends, until ``signal`` was called and it has ended.

        Raises WorkerFailed if the first one does not start. When cancelled, kills it.
        """
        has_run = False
        while True:
            self.restarts.begin()
            status = await self._live_once()
            was_ready = self.ready.is_set()
            has_run = has_run or was_ready
            self.ready.clear()
            await self._ended(self.start.worker)
            if self._stops.is_set():
                return
            said = self._failure or f"its process {how(status)}"
            if not has_run:
                raise WorkerFailed(self._failure or f"worker {self.number} did not start: {said}")
            pause_s, what = self.restarts.after_end(said), "has ended" if was_ready else "could not be started again"
            text = "worker %d %s: %s; it is started again in %.1f s%s"
            log.error(text, self.number, what, said, pause_s, self.restarts.advice)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stops.wait(), pause_s)
                return

    async def _live_once(self) -> int:
        """Run one process to its end; return its status."""
        self._failure = ""
        async with self._spawned() as process:
            self._process = process
            self._send_signal()  # if it is to stop already
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
        self._has_settings = self.start.settings
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
                if not self._stops.is_set():
                    self.restarts.running()
                self.catch_up()
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
