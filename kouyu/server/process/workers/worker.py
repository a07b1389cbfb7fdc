"""A worker process: ``python -m kouyu.server.process.workers.worker CHANNEL CONNECTIONS COUNTS`` (descriptors).

Ends when the parent tells it to, or has ended.
"""

import asyncio
import functools
import logging
import pickle
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import uvloop

from kouyu.agents.agent import AgentError
from kouyu.assembly.runtime import Runtime
from kouyu.engines.errors import EngineError
from kouyu.metrics.snapshot import taken
from kouyu.server.access.shared_use import SharedUse
from kouyu.server.process.application import Application
from kouyu.server.process.data_folder import DataFolder
from kouyu.server.process.log_lines import ServerLog
from kouyu.server.process.reloading import Rereading
from kouyu.server.process.sharing import open_peers, open_store
from kouyu.server.process.stopping import Stopping, stop_on_signals
from kouyu.server.process.tcp_listeners import Ports, bind
from kouyu.server.process.workers.handed_connections import serving_handed
from kouyu.server.process.workers.shared_engines import with_shared
from kouyu.server.process.workers.start import Descriptors, WorkerStart, decoded
from kouyu.server.siblings.channel import Channel, ChannelClosed
from kouyu.server.siblings.shared_counts import SharedCounts
from kouyu.server.siblings.siblings import Siblings
from kouyu.settings import Settings, SettingsError
from kouyu.store.errors import StoreError
from kouyu.weights.errors import WeightsError

log = logging.getLogger(__name__)

NOT_STARTED: Final = 3
"""Exit status of a worker that has told the parent why it cannot start."""
NOTICE: Final = "notice"
_TOLD_TO_THE_USER: Final = (AgentError, EngineError, SettingsError, StoreError, WeightsError)


class Worker:
    """This process. ``run`` ends when the server stops."""

    def __init__(self, descriptors: Descriptors) -> None:
        self._ends = descriptors
        self._start: asyncio.Future[WorkerStart] = asyncio.get_running_loop().create_future()
        self._channel = Channel(self._told, self._asked)
        self._application: Application | None = None
        self._latest: Settings | None = None
        self._reread = asyncio.Event()
        self._reread_ended: asyncio.Future[str] | None = None
        self._on_notice: list[Callable[[str], None]] = []
        self._notices_taken: list[Callable[[], Awaitable[None]]] = []

    async def run(self) -> int:
        """Serve; return the exit status."""
        with stop_on_signals() as stopping:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the parent reads the settings
            listening = asyncio.create_task(self._listen(stopping), name="parent")
            try:
                return await self._serve(stopping)
            except asyncio.CancelledError:
                if not stopping.asked.is_set():
                    raise
                return 0
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, stopping: Stopping) -> None:
        await self._channel.open(socket.socket(fileno=self._ends.channel))
        await self._channel.run()
        log.error("the parent process has ended; this worker stops")
        stopping.signalled(signal.SIGINT)

    async def _serve(self, stopping: Stopping) -> int:
        start = await self._start
        server_log = ServerLog(start.worker + 1)
        server_log.follow(start.settings.log)
        counts = SharedCounts(start.workers, self._ends.counts)
        siblings = Siblings(counts, start.worker, self._channel)
        try:
            async with AsyncExitStack() as stack:
                await self._run(start, siblings, server_log, stopping, stack)
        except _TOLD_TO_THE_USER as fault:
            if stopping.asked.is_set() or self._application is not None:
                raise
            self._channel.tell("failed", str(fault).encode())
            await self._channel.ask("heard")
            return NOT_STARTED
        return 0

    async def _run(
        self, start: WorkerStart, siblings: Siblings, server_log: ServerLog, stopping: Stopping, stack: AsyncExitStack
    ) -> None:
        settings, folder = start.settings, DataFolder(start.folder)
        bus = self if isinstance(start.database, Path) else None
        store = await stack.enter_async_context(
            open_store(start.database, folder, settings.store, beside_others=True, bus=bus)
        )
        siblings.note("server", store.ids.server)
        opened = await stack.enter_async_context(
            start.open_sessions(with_shared(settings, start.shared, start.worker), store)
        )
        if (chats := opened.chats) is not None:
            chats.elsewhere = functools.partial(siblings.running_elsewhere, "chats")
            chats.changed = functools.partial(siblings.note, "chats")
        opened = _following_with_shared(opened, start)
        application = Application(settings, store, opened, siblings, instance=start.instance)
        chosen = settings.server
        own = stack.enter_context(bind(start.ports.host, 0, "--host"))
        reached_at = Ports(start.ports.host, own.getsockname()[1], start.ports.https_port)
        live = application.state.watcher_hub.conversation_ids
        peer_url = with_port(chosen.peer_url, reached_at.port) if chosen.peer_url else ""
        peers = await stack.enter_async_context(open_peers(store, reached_at, peer_url, live, is_worker=True))
        failures = await stack.enter_async_context(SharedUse.of(store, application.limiter))
        app = await application.app(start.certificate, peers, failures)
        await stack.enter_async_context(
            serving_handed(
                app,
                socket.socket(fileno=self._ends.connections),
                own,
                siblings,
                certificate=str(start.certificate),
                key=str(start.key),
                ping_interval_s=chosen.ping_interval_s,
                ping_timeout_s=chosen.ping_timeout_s,
                proxies=chosen.proxies,
            )
        )
        rereading = Rereading(
            lambda: self._latest or settings, lambda changed: server_log.follow(changed.log), self._note_reread
        )
        reloading = await stack.enter_async_context(application.running(rereading, self._reread))
        self._application = application
        stopping.started()
        siblings.note("is_ready", 1)
        self._channel.tell("ready")
        await stopping.asked.wait()
        await application.drain(reloading.settings.server.drain_s, stopping.at_once)
        stopping.close()

    # The parent

    def _told(self, what: str, body: bytes) -> None:
        match what:
            case "start":
                self._start.set_result(decoded(body))
            case "settings":
                self._follow(body)
            case "notice":
                for take in self._on_notice:
                    take(body.decode())
            case _:
                log.error("the parent process told %r, which is not known", what)

    async def _asked(self, what: str, body: bytes) -> bytes:
        application = self._application
        match what:
            case "metrics" if application is not None and application.registry is not None:
                return taken(application.registry).encode()
            case "live" if application is not None:
                return msgspec.msgpack.encode(application.state.watcher_hub.conversation_ids())
            case "load" if application is not None:
                return msgspec.msgpack.encode(application.state.load)
            case "settings" if application is not None:
                return (await self._follow(body)).encode()
            case "heard":
                await asyncio.gather(*(taken() for taken in self._notices_taken))
                return b""
            case _:
                return b""

    def _follow(self, settings: bytes) -> asyncio.Future[str]:
        """Put settings into force. The result says why nothing changed, "" if they are in force."""
        self._latest = pickle.loads(settings)
        if self._reread_ended is None:
            self._reread_ended = self._loop.create_future()
        self._reread.set()
        return self._reread_ended

    def _note_reread(self, refused: str) -> None:
        if self._reread_ended is not None:
            self._reread_ended.set_result(refused)
            self._reread_ended = None

    # A NoticeBus

    def publish(self, payload: str) -> None:
        """See NoticeBus."""
        self._loop.call_soon_threadsafe(self._channel.tell, NOTICE, payload.encode())

    def subscribe(self, take: Callable[[str], None], taken: Callable[[], Awaitable[None]]) -> None:
        """See NoticeBus."""
        self._on_notice.append(take)
        self._notices_taken.append(taken)

    async def heard_by_all(self) -> None:
        """See NoticeBus."""
        try:
            await self._channel.ask("heard_by_all")
        except ChannelClosed as fault:
            log.warning("the other workers have not said that they know of a change: %s", fault)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return self._start.get_loop()


def _following_with_shared(opened: Runtime, start: WorkerStart) -> Runtime:
    """The runtime, which follows changed settings with what the workers share."""
    follow = opened.follow
    if follow is None:
        return opened
    return msgspec.structs.replace(
        opened, follow=lambda changed: follow(with_shared(changed, start.shared, start.worker))
    )


def with_port(url: str, port: int) -> str:
    """The base URL with another port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts._replace(netloc=f"[{host}]:{port}" if ":" in host else f"{host}:{port}").geturl()


async def _work(descriptors: Descriptors) -> int:
    return await Worker(descriptors).run()


def main() -> None:
    """Run until the server stops."""
    descriptors = Descriptors(*(int(argument) for argument in sys.argv[1:4]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        status = runner.run(_work(descriptors))
    sys.exit(status)


if __name__ == "__main__":
    main()
