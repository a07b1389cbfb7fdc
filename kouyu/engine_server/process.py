"""Runs an engine process, from its settings to the last answer."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable

import msgspec
import uvicorn

from kouyu.engine_server.app import EngineApp
from kouyu.engine_server.http_protocol import EngineHttpProtocol
from kouyu.engine_server.listeners import listener_of
from kouyu.engine_server.served_engines import open_engines
from kouyu.engines.remote.wire import RemoteKind
from kouyu.serving.http_server import HttpServer
from kouyu.settings import Settings

KEEP_ALIVE_S = 75
"""Seconds that an idle connection is kept, longer than servers keep theirs: a request must not meet one that closes."""
SHUTDOWN_S = 1


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What users and scripts need to know about a process that is ready."""

    url: str
    """For ``engines.remote.urls``."""
    kinds: tuple[RemoteKind, ...]
    workers: int
    pid: int


async def serve_engines(settings: Settings, stop: asyncio.Event, announce: Callable[[Ready], None]) -> None:
    """Serve engines until ``stop`` is set; ``announce`` is called once they are ready. Work in progress then has
    ``drain_s`` to end.

    Raises CannotListen, SettingsError, WeightsNotFetched, EngineUnavailable.
    """
    chosen = settings.engine_server
    token = chosen.secret()
    async with contextlib.AsyncExitStack() as stack:
        listener, url = stack.enter_context(listener_of(chosen))
        engines = await stack.enter_async_context(open_engines(settings))
        app = EngineApp(engines, token=token)
        await stack.enter_async_context(serving(app, listener))
        announce(Ready(url=url, kinds=engines.kinds, workers=engines.scheduler.workers, pid=os.getpid()))
        await stop.wait()
        await app.stop(chosen.drain_s)


@contextlib.asynccontextmanager
async def serving(app: EngineApp, listener: socket.socket) -> AsyncIterator[uvicorn.Server]:
    """Serve ``app`` on a socket while the block runs."""
    server = HttpServer(
        uvicorn.Config(
            app,
            http=EngineHttpProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve([listener]))
        await server.ready.wait()
        try:
            yield server
        finally:
            server.should_exit = True
