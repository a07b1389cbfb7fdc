"""uvicorn's server inside an event loop that belongs to somebody else."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn


class HttpServer(uvicorn.Server):
    """uvicorn's server, started from a running event loop that keeps its own signal handlers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        """Set once it is listening."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signals: the process does."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As the base class; then report that it is listening."""
        await super().startup(sockets)
        self.ready.set()
