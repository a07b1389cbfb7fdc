"""Runs the whole server, from its settings to the last closed connection."""

import asyncio
import functools
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import msgspec
from litestar.types import ASGIApp

from kouyu.assembly.runtime import Runtime
from kouyu.diagnostics.loop_watchdog import LoopWatchdog
from kouyu.diagnostics.watcher_hub import WatcherHub
from kouyu.metrics.recent_failures import RecentFailures
from kouyu.metrics.recent_metrics import RecentMetrics
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.limits import TokenLimiter
from kouyu.server.access.open_sockets import OpenSockets, tokens_enforced
from kouyu.server.access.sessions import Sessions
from kouyu.server.access.shared_use import SharedUse
from kouyu.server.app import create_app
from kouyu.server.kouyu_api.link import login_link
from kouyu.server.kouyu_api.status import ServerState, speech_engines_of
from kouyu.server.peers.peers import Peers
from kouyu.server.process.address_file import Address, write_address
from kouyu.server.process.certificates import (
    LOCAL_NAMES,
    Certificates,
    certified_names,
    local_certificate,
    own_certificate,
)
from kouyu.server.process.data_folder import DataFolder
from kouyu.server.process.draining import drain
from kouyu.server.process.heap_maintenance import maintained_heap
from kouyu.server.process.lan import lan_addresses, lan_links_of, lan_names
from kouyu.server.process.measuring import measure
from kouyu.server.process.reloading import Rereading, hangups, reloading_server
from kouyu.server.process.retention import retention_enforced
from kouyu.server.process.sharing import open_peers, open_store
from kouyu.server.process.stopping import Stopping, stop_on_signals
from kouyu.server.process.tcp_listeners import EVERYWHERE, Ports, bind, listening
from kouyu.server.sockets.chat import AnswererIds
from kouyu.serving.services import Services
from kouyu.serving.turns_in_progress import TurnsInProgress
from kouyu.settings import Settings
from kouyu.settings.all_settings import ServerSettings
from kouyu.store.store import Store

CLOSE_S = 0.2
"""Time in seconds for clients to read the close frame when the server stops."""
DRAIN_S = 0.4
"""Time in seconds for sessions to end by themselves after that."""

OpenSessions: TypeAlias = Callable[[Store], AbstractAsyncContextManager[Runtime]]
"""Loads what sessions need (engines, agents), and frees it when the block ends."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What users and scripts need to know about a server that is ready."""

    http: str
    """Base URL of plain HTTP."""
    https: str
    ca: str
    """The PEM file of the local authority; empty with a certificate of the user's own."""
    token: str
    """Empty if the database is shared, and another server has the secret."""
    login: str
    """URL of the page, with a one-time login in it."""
    lan_links: tuple[str, ...]
    """The same for other machines of the local network, with another login; empty if they are not served."""
    bots: tuple[str, ...]
    """Bot ids, the default one first."""
    pid: int
    trust_line: str
    """The shell line that makes Python and Node trust ``https``; empty where nothing is needed."""


async def serve(
    settings: Settings,
    folder: DataFolder,
    database: str | Path,
    *,
    open_sessions: OpenSessions,
    announce: Callable[[Ready], None],
    rereading: Rereading | None = None,
) -> None:
    """Run the server until SIGINT or SIGTERM; ``announce`` is called once it is ready.

    After SIGTERM turns in progress have ``drain_s`` of the settings to end; a second signal, or SIGINT, ends them. On
    SIGHUP the settings are read anew; without ``rereading`` they stay.

    Raises ListenError, CertificateError, StoreError, and what ``open_sessions`` raises.
    """
    with stop_on_signals() as stopping, hangups(lambda: stopping.signalled(signal.SIGINT)) as hung_up:
        try:
            await _serve(settings, folder, database, open_sessions, announce, rereading, stopping, hung_up)
        except asyncio.CancelledError:
            if not stopping.asked.is_set():
                raise


async def _serve(
    settings: Settings,
    folder: DataFolder,
    database: str | Path,
    open_sessions: OpenSessions,
    announce: Callable[[Ready], None],
    rereading: Rereading | None,
    stopping: Stopping,
    hung_up: asyncio.Event,
) -> None:
    chosen = settings.server
    async with AsyncExitStack() as stack:
        host = EVERYWHERE if chosen.lan else chosen.host
        lan = await asyncio.to_thread(lan_names) if chosen.lan else ()
        plain = stack.enter_context(bind(host, chosen.port, "--port"))
        tls = stack.enter_context(bind(host, chosen.https_port, "--https-port"))
        ports = Ports(host, plain.getsockname()[1], tls.getsockname()[1])
        certificates = await asyncio.to_thread(_certificates, chosen, folder.tls, lan)
        store = await stack.enter_async_context(open_store(database, folder, settings.store))
        token = await folder.access_token(store.tokens, is_shared=store.is_shared)
        login = login_link(ports.http, await store.tokens.create_login())
        lan_links = await lan_links_of(ports, lan, store.tokens)
        opened = await stack.enter_async_context(open_sessions(store))
        await store.kept_sounds.forget(settings.audio.bounds)
        await store.sweep_files()
        sessions = Sessions(chosen.max_sessions, opened.services.overload if opened.services else None)
        sockets, watchdog, limiter = OpenSockets(), LoopWatchdog(), TokenLimiter(store.tokens)
        answerer_ids, recent = _answerer_ids(settings, opened), _measured(opened, store, sessions, watchdog)
        state = _state(settings, opened, sessions, store, watchdog, recent)
        live = state.watcher_hub.conversation_ids
        failures = await stack.enter_async_context(SharedUse.of(store, limiter))
        peers = await stack.enter_async_context(open_peers(store, ports, chosen.peer_url, live))
        app = await _app(
            settings, store, opened, answerer_ids, certificates,
            sessions=sessions, sockets=sockets, limiter=limiter, state=state, peers=peers, failures=failures,
        )  # fmt: skip
        pings = {"ping_interval_s": chosen.ping_interval_s, "ping_timeout_s": chosen.ping_timeout_s}
        await stack.enter_async_context(listening(app, plain, tls, certificates, proxies=chosen.proxies, **pings))
        stack.push_async_callback(functools.partial(sessions.end, close_s=CLOSE_S, drain_s=DRAIN_S))
        if opened.chats is not None:
            stack.push_async_callback(opened.chats.end)
        await stack.enter_async_context(tokens_enforced(sockets, store.tokens, limiter))
        await stack.enter_async_context(maintained_heap(sessions))
        await stack.enter_async_context(_watching(opened.services, watchdog, recent))
        stopping.started()
        reloading = reloading_server(settings, rereading, opened, sessions, answerer_ids, state, store.audit)
        await stack.enter_async_context(reloading.on(hung_up))
        await stack.enter_async_context(retention_enforced(store, lambda: reloading.settings, live))
        write_address(folder.path, Address(ports.http, tuple(lan_addresses(ports, lan))))
        announce(_ready(ports, certificates, token, login, lan_links, settings.bot_ids))
        await stopping.asked.wait()
        await drain(
            sessions,
            opened.services.turns_in_progress if opened.services else TurnsInProgress(),
            opened.chats,
            limit_s=reloading.settings.server.drain_s,
            at_once=stopping.at_once,
            close_s=CLOSE_S,
        )
        stopping.close()


async def _app(
    settings: Settings,
    store: Store,
    opened: Runtime,
    answerer_ids: AnswererIds,
    certificates: Certificates,
    *,
    sessions: Sessions,
    sockets: OpenSockets,
    limiter: TokenLimiter,
    state: ServerState,
    peers: Peers,
    failures: FailureBackoff,
) -> ASGIApp:
    certified = await asyncio.to_thread(certified_names, certificates.certificate)
    return create_app(
        store=store,
        answerer_ids=answerer_ids,
        sessions=sessions,
        sockets=sockets,
        limiter=limiter,
        run_session=opened.run_session,
        voices=opened.voices,
        bots=opened.bots,
        chats=opened.chats,
        services=opened.services,
        state=state,
        max_file_bytes=settings.files.max_bytes,
        open_metrics=settings.server.open_metrics,
        names=(*LOCAL_NAMES, *settings.server.names, *certified),
        peers=peers,
        failures=failures,
    )


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


def _certificates(chosen: ServerSettings, folder: Path, lan: Sequence[str]) -> Certificates:
    if chosen.certificate:
        return own_certificate(Path(chosen.certificate), Path(chosen.certificate_key))
    return local_certificate(folder, (chosen.host, *chosen.names, *lan), chosen.certificate_key_type)


def _ready(
    ports: Ports,
    certificates: Certificates,
    token: str,
    login: str,
    lan_links: tuple[str, ...],
    bots: tuple[str, ...],
) -> Ready:
    return Ready(
        http=ports.http,
        https=ports.https,
        ca=str(certificates.authority or ""),
        token=token,
        login=login,
        lan_links=lan_links,
        bots=bots,
        pid=os.getpid(),
        trust_line=certificates.trust_line,
    )
