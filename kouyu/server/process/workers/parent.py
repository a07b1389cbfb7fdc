"""Runs a server in several processes: this one has what there is one of, and its workers serve the clients."""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from socket import socket
from typing import Final

import msgspec

from kouyu.assembly.agents import Close
from kouyu.metrics.recent_metrics import EVERY_S, MetricsHistory, sample_of
from kouyu.metrics.snapshot import Snapshot, joined
from kouyu.server.process.data_folder import DataFolder
from kouyu.server.process.opening import Opened, Ready, forget_left_overs, instance, opened_server
from kouyu.server.process.reloading import Reloading, Rereading, hangups, nothing_to_close
from kouyu.server.process.retention import retention_enforced
from kouyu.server.process.stopping import DEADLINE_S, Stopping, stop_on_signals
from kouyu.server.process.workers.described_processes import described_engines, described_parent, described_worker
from kouyu.server.process.workers.engines_process import EnginesProcess, engines_process
from kouyu.server.process.workers.handing_over import HandingOver, Port
from kouyu.server.process.workers.parent_metrics import ParentMetrics
from kouyu.server.process.workers.shared_engines import NOTHING, check_still_shared
from kouyu.server.process.workers.start import OpenWorkerSessions, WorkerStart
from kouyu.server.process.workers.worker_process import WorkerProcess
from kouyu.server.siblings.processes import ServerProcess
from kouyu.server.siblings.shared_counts import SharedCounts, open_memory
from kouyu.serving.background import in_background
from kouyu.settings import Settings, SettingsError
from kouyu.store.errors import StoreError

log = logging.getLogger(__name__)

_LATER_S: Final = 1.0
"""The workers end by themselves DEADLINE_S after they were told to stop at once; later they are killed."""


async def serve_in_workers(
    settings: Settings,
    folder: DataFolder,
    database: str | Path,
    *,
    open_sessions: OpenWorkerSessions,
    announce: Callable[[Ready], None],
    rereading: Rereading | None = None,
    shares_engines: bool = False,
) -> None:
    """As ``server_life.serve``, in as many worker processes as the settings say.

    SIGTERM, SIGINT and changed settings are passed on to the workers. A worker that ends by itself is started again.
    ``shares_engines``: load the engines and the language model in one process more, which all workers use.
    Raises ListenError, CertificateError, StoreError, and WorkerFailed if a worker cannot start.
    """
    with stop_on_signals() as stopping, hangups(lambda: stopping.signalled(signal.SIGINT)) as hung_up:
        try:
            async with opened_server(settings, folder, database) as server:
                await forget_left_overs(server.store, settings)
                async with engines_process(settings) if shares_engines else contextlib.nullcontext() as engines:
                    start = _start(settings, folder, database, server, open_sessions, engines)
                    parent = _Parent(start, folder, server, rereading, engines, shares_engines=shares_engines)
                    await parent.run(stopping, hung_up, announce)
        except asyncio.CancelledError:
            if not stopping.asked.is_set():
                raise


def _start(
    settings: Settings,
    folder: DataFolder,
    database: str | Path,
    server: Opened,
    open_sessions: OpenWorkerSessions,
    engines: EnginesProcess | None,
) -> WorkerStart:
    return WorkerStart(
        worker=0,
        workers=settings.server.workers,
        settings=settings,
        database=database,
        folder=folder.path,
        ports=server.ports,
        certificate=server.certificates.certificate,
        key=server.certificates.key,
        open_sessions=open_sessions,
        shared=engines.shared if engines is not None else NOTHING,
        instance=instance(),
    )


class _Parent:
    """The workers of one server."""

    def __init__(
        self,
        start: WorkerStart,
        folder: DataFolder,
        server: Opened,
        rereading: Rereading | None,
        engines: EnginesProcess | None,
        *,
        shares_engines: bool,
    ) -> None:
        self._start = start
        self._engines = engines
        self._shares_engines = shares_engines
        self._own_metrics = ParentMetrics(lambda: engines.uses() if engines is not None else {})
        self._settings = settings = start.settings
        self._folder = folder
        self._server = server
        self._memory = open_memory(settings.server.workers)
        self._counts = counts = SharedCounts(settings.server.workers, self._memory)
        if engines is not None:
            engines.changed = lambda is_down: setattr(counts, "engines_down", is_down)
            engines.changed(engines.restarts.state != "running")
        self._handing_over = HandingOver(self._counts)
        self._history = MetricsHistory()
        self._past = Snapshot()
        """The counters of processes that have ended."""
        self._workers = [self._worker(number) for number in range(settings.server.workers)]
        self._reloading = Reloading(
            settings,
            read=rereading.read if rereading else lambda: settings,
            follow=self._follow,
            in_use=set,
            audit=server.store.audit,
        )
        self._rereading = rereading
        self._began = time.monotonic()

    def _worker(self, number: int) -> WorkerProcess:
        worker = WorkerProcess(
            msgspec.structs.replace(self._start, worker=number),
            counts_descriptor=self._memory,
            inherited=(self._folder.lock,) if self._folder.lock >= 0 else (),
            handing_over=self._handing_over,
            noticed=self._pass_notice_on,
            ended=self._has_ended,
        )
        worker.answer_with(self._answer)
        return worker

    async def run(self, stopping: Stopping, hung_up: asyncio.Event, announce: Callable[[Ready], None]) -> None:
        """Start the workers, and serve until asked to stop. Raises WorkerFailed."""
        try:
            async with AsyncExitStack() as stack:
                keeping = await stack.enter_async_context(self._kept())
                await _all_ready(self._workers, keeping)
                stopping.started()
                store = self._server.store
                live = self._live_conversations
                await stack.enter_async_context(in_background(self._sample(), "metrics of the workers"))
                await stack.enter_async_context(self._reloading.on(hung_up))
                await stack.enter_async_context(retention_enforced(store, lambda: self._reloading.settings, live))
                listeners: dict[Port, socket] = {"plain": self._server.plain, "tls": self._server.tls}
                with self._handing_over.accepting(listeners):
                    self._server.write_address(self._folder.path)
                    announce(self._server.ready(self._settings.bot_ids))
                    await stopping.asked.wait()
                    await self._stop(stopping, keeping)
        finally:
            os.close(self._memory)

    async def _stop(self, stopping: Stopping, keeping: list[asyncio.Task[None]]) -> None:
        """Pass the signals on, and wait until all workers have ended."""
        for worker in self._workers:
            worker.signal(signal.SIGINT if stopping.at_once.is_set() else signal.SIGTERM)
        at_once = asyncio.create_task(_until(stopping.at_once))
        ended = asyncio.create_task(_all_ended(keeping))
        await asyncio.wait({at_once, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            for worker in self._workers:
                worker.signal(signal.SIGINT)
            await asyncio.wait({ended}, timeout=DEADLINE_S - _LATER_S)
        for task in (at_once, ended):
            task.cancel()
        stopping.close()

    @asynccontextmanager
    async def _kept(self) -> AsyncIterator[list[asyncio.Task[None]]]:
        keeping = [asyncio.create_task(each.keep(), name=f"worker {each.number}") for each in self._workers]
        try:
            yield keeping
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)

    async def _has_ended(self, number: int) -> None:
        """A process has ended: free what it held, and keep what it counted."""
        worker = self._workers[number]
        server = self._counts.get(number, "server")
        self._counts.clear(number)
        self._past = joined((), ended=(self._past, worker.last))
        worker.last = Snapshot()
        lease = self._server.store.lease
        if server and lease is not None:
            try:
                await lease.forget(server)
            except StoreError as fault:
                log.error("the chats of worker %d could not be marked as failed: %s", worker.number, fault)

    def _pass_notice_on(self, number: int, notice: bytes) -> None:
        for worker in self._workers:
            if worker.start.worker != number:
                worker.tell("notice", notice)

    async def _answer(self, what: str) -> bytes:
        match what:
            case "metrics":
                return (await self._metrics()).encode()
            case "recent":
                return msgspec.msgpack.encode(self._history.points())
            case "processes":
                return msgspec.msgpack.encode(await self._processes())
            case "heard_by_all":
                await asyncio.gather(*(worker.ask("heard") for worker in self._workers))
                return b""
            case _:
                raise ValueError(what)

    async def _metrics(self) -> Snapshot:
        read = await asyncio.gather(*(worker.metrics() for worker in self._workers))
        engines, engines_past = await self._engines.metrics() if self._engines is not None else (Snapshot(), Snapshot())
        return joined((*read, engines, self._own_metrics.read()), ended=(self._past, engines_past))

    async def _processes(self) -> list[ServerProcess]:
        workers = await asyncio.gather(*(described_worker(each, self._counts) for each in self._workers))
        engines = [await described_engines(self._engines)] if self._engines is not None else []
        return [described_parent(self._began), *workers, *engines]

    async def _sample(self) -> None:
        while True:
            self._history.add(sample_of(await self._metrics(), time.time()))
            await asyncio.sleep(EVERY_S)

    async def _live_conversations(self) -> set[str]:
        answers = await asyncio.gather(*(worker.ask("live") for worker in self._workers))
        return {each for answer in answers if answer for each in msgspec.msgpack.decode(answer, type=list[str])}

    async def _follow(self, changed: Settings) -> Close:
        """Have all workers follow. Raises SettingsError if the first one that is asked cannot: nothing has changed."""
        if self._shares_engines:
            check_still_shared(changed, self._start.shared)
        followed: list[WorkerProcess] = []
        for worker in self._workers:
            if (refused := await worker.follow(changed)) and not any(each.ready.is_set() for each in followed):
                raise SettingsError(refused)
            followed.append(worker)
        for worker in self._workers:
            worker.start = msgspec.structs.replace(worker.start, settings=changed)
            worker.catch_up()
        if self._rereading is not None:
            self._rereading.took_effect(changed)
        return nothing_to_close


async def _all_ready(workers: list[WorkerProcess], keeping: list[asyncio.Task[None]]) -> None:
    """Wait until all take connections. Raises WorkerFailed as soon as one cannot start."""
    ready = asyncio.create_task(_all_set([worker.ready for worker in workers]))
    try:
        await asyncio.wait({ready, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        for task in keeping:
            if task.done():
                await task
    finally:
        ready.cancel()


async def _all_set(events: list[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _all_ended(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)
