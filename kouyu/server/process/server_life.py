"""Runs the whole server in one process, from its settings to the last closed connection."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import TypeAlias

from kouyu.assembly.runtime import Runtime
from kouyu.server.access.shared_use import SharedUse
from kouyu.server.process.application import Application
from kouyu.server.process.data_folder import DataFolder
from kouyu.server.process.opening import Ready, forget_left_overs, instance, opened_server
from kouyu.server.process.reloading import Rereading, hangups
from kouyu.server.process.retention import as_async, retention_enforced
from kouyu.server.process.sharing import open_peers
from kouyu.server.process.stopping import Stopping, stop_on_signals
from kouyu.server.process.tcp_listeners import listening
from kouyu.settings import Settings
from kouyu.store.store import Store

OpenSessions: TypeAlias = Callable[[Store], AbstractAsyncContextManager[Runtime]]
"""Loads what sessions need (engines, agents), and frees it when the block ends."""


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
        server = await stack.enter_async_context(opened_server(settings, folder, database))
        opened = await stack.enter_async_context(open_sessions(server.store))
        await forget_left_overs(server.store, settings)
        application = Application(settings, server.store, opened, instance=instance())
        live = application.state.watcher_hub.conversation_ids
        peers = await stack.enter_async_context(open_peers(server.store, server.ports, chosen.peer_url, live))
        failures = await stack.enter_async_context(SharedUse.of(server.store, application.limiter))
        app = await application.app(server.certificates.certificate, peers, failures)
        pings = {"ping_interval_s": chosen.ping_interval_s, "ping_timeout_s": chosen.ping_timeout_s}
        await stack.enter_async_context(
            listening(app, server.plain, server.tls, server.certificates, proxies=chosen.proxies, **pings)
        )
        reloading = await stack.enter_async_context(application.running(rereading, hung_up))
        stopping.started()
        await stack.enter_async_context(retention_enforced(server.store, lambda: reloading.settings, as_async(live)))
        server.write_address(folder.path)
        announce(server.ready(settings.bot_ids))
        await stopping.asked.wait()
        await application.drain(reloading.settings.server.drain_s, stopping.at_once)
        stopping.close()
