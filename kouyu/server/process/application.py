"""What each process of a server has: the application, its sessions, and what watches over them."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry

from kouyu.assembly.runtime import Runtime
from kouyu.diagnostics.loop_watchdog import LoopWatchdog
from kouyu.diagnostics.watcher_hub import WatcherHub
from kouyu.metrics.recent_failures import RecentFailures
from kouyu.metrics.recent_metrics import RecentMetrics
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.limits import TokenLimiter
from kouyu.server.access.open_sockets import OpenSockets, tokens_enforced
from kouyu.server.access.sessions import Sessions
from kouyu.server.app import create_app
from kouyu.server.kouyu_api.status import ServerState, speech_engines_of
from kouyu.server.peers.peers import Peers
from kouyu.server.process.certificates import LOCAL_NAMES, certified_names
from kouyu.server.process.draining import drain
from kouyu.server.process.heap_maintenance import maintained_heap
from kouyu.server.process.measuring import measure
from kouyu.server.process.reloading import Reloading, Rereading, reloading_server
from kouyu.server.siblings.siblings import Siblings
from kouyu.server.sockets.chat import AnswererIds
from kouyu.serving.services import Services
from kouyu.serving.turns_in_progress import TurnsInProgress
from kouyu.settings import Settings
from kouyu.store.store import Store

CLOSE_S: Final = 0.2
"""Time in seconds for clients to read the close frame when the server stops."""
DRAIN_S: Final = 0.4
"""Time in seconds for sessions to end by themselves after that."""


class Application:
    """The application of one process of a server. ``siblings``: the other processes, ``instance``: what tells the
    server, with all of its processes, from others on the database."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        opened: Runtime,
        siblings: Siblings | None = None,
        *,
        instance: str = "",
    ) -> None:
        self._settings = settings
        self._store = store
        self._opened = opened
        self.siblings = siblings or Siblings()
        overload = opened.services.overload if opened.services is not None else None
        self.sessions = Sessions(settings.server.max_sessions, overload, siblings=self.siblings)
        self._sockets = OpenSockets()
        self.limiter = TokenLimiter(store.tokens)
        self._watchdog = LoopWatchdog()
        self._answerer_ids = _answerer_ids(settings, opened)
        self.recent = _measured(opened, store, self.sessions, self._watchdog)
        self.state = _state(settings, opened, self.sessions, store, self._watchdog, self.recent)
        self.state.siblings, self.state.instance = self.siblings, instance

    async def app(self, certificate: Path, peers: Peers, failures: FailureBackoff) -> ASGIApp:
        """The ASGI application. ``certificate``: the server's own file. ``peers``: the others on the database, with
        which ``failures`` may be shared."""
        certified = await asyncio.to_thread(certified_names, certificate)
        opened, settings = self._opened, self._settings
        return create_app(
            store=self._store,
            answerer_ids=self._answerer_ids,
            sessions=self.sessions,
            sockets=self._sockets,
            limiter=self.limiter,
            run_session=opened.run_session,
            voices=opened.voices,
            bots=opened.bots,
            chats=opened.chats,
            services=opened.services,
            state=self.state,
            max_file_bytes=settings.files.max_bytes,
            open_metrics=settings.server.open_metrics,
            names=(*LOCAL_NAMES, *settings.server.names, *certified),
            peers=peers,
            failures=failures,
        )

    @asynccontextmanager
    async def running(self, rereading: Rereading | None, reread: asyncio.Event) -> AsyncIterator[Reloading]:
        """Watch over sessions and tokens, and read the settings anew when ``reread`` is set, while the block runs; then
        end all sessions and chats."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(functools.partial(self.sessions.end, close_s=CLOSE_S, drain_s=DRAIN_S))
            if self._opened.chats is not None:
                stack.push_async_callback(self._opened.chats.end)
            await stack.enter_async_context(tokens_enforced(self._sockets, self._store.tokens, self.limiter))
            await stack.enter_async_context(maintained_heap(self.sessions))
            await stack.enter_async_context(_watching(self._opened.services, self._watchdog, self._sampled))
            reloading = reloading_server(
                self._settings,
                rereading,
                self._opened,
                self.sessions,
                self._answerer_ids,
                self.state,
                self._store.audit if self.siblings.is_alone else None,
            )
            await stack.enter_async_context(reloading.on(reread))
            yield reloading

    async def drain(self, limit_s: float, at_once: asyncio.Event) -> None:
        """Begin nothing new, and let the turns in progress end. See ``draining.drain``."""
        services = self._opened.services
        await drain(
            self.sessions,
            services.turns_in_progress if services else TurnsInProgress(),
            self._opened.chats,
            limit_s=limit_s,
            at_once=at_once,
            close_s=CLOSE_S,
        )

    @property
    def registry(self) -> CollectorRegistry | None:
        """The metrics of this process; None if nothing is measured."""
        return self._opened.services.metrics.registry if self._opened.services is not None else None

    @property
    def _sampled(self) -> RecentMetrics | None:
        """The metrics that this process samples itself; of several processes the parent does."""
        return self.recent if self.siblings.is_alone else None


@asynccontextmanager
async def _watching(
    services: Services | None, watchdog: LoopWatchdog, recent: RecentMetrics | None
) -> AsyncIterator[None]:
    """While the block runs, watch the event loop and the load, and sample the metrics."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(watchdog.watching())
        if services is not None:
            await stack.enter_async_context(services.overload.watching(services.scheduler, services.elsewhere))
        if recent is not None:
            await stack.enter_async_context(recent.sampling())
        yield


def _measured(opened: Runtime, store: Store, sessions: Sessions, watchdog: LoopWatchdog) -> RecentMetrics | None:
    """Connect the metrics with what they measure; None where there are no services to measure."""
    if opened.services is None:
        return None
    return measure(opened.services, store, sessions, opened.chats, watchdog, opened.language_model)


def _answerer_ids(settings: Settings, opened: Runtime) -> AnswererIds:
    bots = settings.bot_ids
    return AnswererIds(
        bots_of=opened.bots.definitions_of if opened.bots else lambda owner: bots,
        default_bot=bots[0],
        flows=opened.services.flows if opened.services else tuple(flow.id for flow in settings.flows),
    )


def _state(
    settings: Settings,
    opened: Runtime,
    sessions: Sessions,
    store: Store,
    watchdog: LoopWatchdog,
    recent: RecentMetrics | None,
) -> ServerState:
    services = opened.services
    return ServerState(
        sessions=sessions,
        watcher_hub=services.watcher_hub if services else WatcherHub(),
        scheduler=services.scheduler if services else None,
        speech_engines=speech_engines_of(settings.engines),
        language_model=lambda: opened.bots.settled.embedded if opened.bots else None,
        voices=len(opened.voices),
        bots_of=opened.bots.definitions_of if opened.bots else lambda owner: settings.bot_ids,
        flows=services.flows if services else tuple(flow.id for flow in settings.flows),
        sounds=store.kept_sounds,
        keep_audio=settings.audio.bounds if settings.audio.keep else None,
        watchdog=watchdog,
        recent=recent,
        failures=services.failures if services else RecentFailures(),
        agents_of=opened.bots.agents_of if opened.bots else lambda owner: {},
        started_at=time.monotonic(),
    )
