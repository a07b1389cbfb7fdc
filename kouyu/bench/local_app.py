"""Serves an ASGI application beside a measurement, in its event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import uvicorn

from kouyu.serving.http_server import HttpServer

_START_S: Final = 10.0


@contextlib.asynccontextmanager
async def local_app(app: Any, name: str, *, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve ``app`` on a free port of this machine while the block runs, in a task of this name; yields its URL.

    At the end requests under way are cut off. Raises TimeoutError if it does not start.
    """
    config = uvicorn.Config(app, host=host, port=0, lifespan="off", ws="none", log_config=None, access_log=False)
    server = HttpServer(config)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(), name=name)
        try:
            async with asyncio.timeout(_START_S):
                await server.ready.wait()
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = server.force_exit = True
            await asyncio.wait({serving})
