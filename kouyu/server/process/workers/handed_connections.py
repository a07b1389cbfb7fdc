"""Serves the connections that the parent process hands over."""

import asyncio
import contextlib
import functools
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from litestar.types import ASGIApp

from kouyu.server.process.http_protocol import HttpProtocol
from kouyu.server.process.tcp_listeners import Server, server_of, serving
from kouyu.server.process.workers.handing_over import MARKS
from kouyu.server.siblings.siblings import Siblings

log = logging.getLogger(__name__)


class _Connections(set[Any]):
    """uvicorn's set of open connections, which tells when one is added or leaves."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed

    def add(self, connection: Any) -> None:
        super().add(connection)
        self._changed()

    def discard(self, connection: Any) -> None:
        super().discard(connection)
        self._changed()

    def remove(self, connection: Any) -> None:
        super().remove(connection)
        self._changed()


class HandedConnections:
    """The connections that this worker was handed."""

    def __init__(self, end: socket.socket, servers: dict[bytes, Server], siblings: Siblings) -> None:
        """``end``: that of the pair of sockets by which they come. ``servers``: by the mark of the port."""
        self._end = end
        self._servers = servers
        self._siblings = siblings
        self._taken = 0
        self._opening: set[asyncio.Task[None]] = set()
        for server in servers.values():
            server.server_state.connections = _Connections(self._note)

    @contextlib.asynccontextmanager
    async def taking(self) -> AsyncIterator[None]:
        """Take connections while the block runs."""
        loop = asyncio.get_running_loop()
        self._end.setblocking(False)
        loop.add_reader(self._end.fileno(), self._take)
        try:
            yield
        finally:
            loop.remove_reader(self._end.fileno())
            for task in self._opening:
                task.cancel()
            await asyncio.gather(*self._opening, return_exceptions=True)

    def _take(self) -> None:
        while True:
            try:
                mark, descriptors, _, _ = socket.recv_fds(self._end, 1, 1)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                mark, descriptors = b"", []
            if not mark:  # the parent has ended; its channel says so too
                asyncio.get_running_loop().remove_reader(self._end.fileno())
                break
            for descriptor in descriptors:
                self._taken += 1
                task = asyncio.create_task(self._open(self._servers[mark], socket.socket(fileno=descriptor)))
                self._opening.add(task)
                task.add_done_callback(self._opened)
        self._note()

    async def _open(self, server: Server, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            make = functools.partial(self._protocol, server)
            await asyncio.get_running_loop().connect_accepted_socket(make, connection, ssl=server.config.ssl)
        except (OSError, EOFError) as fault:  # it was closed, or its TLS handshake failed
            log.debug("a connection was not opened: %r", fault)
            connection.close()

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        self._note()

    def _protocol(self, server: Server) -> HttpProtocol:
        protocol = server.new_protocol()
        protocol.on_first_request = self._note
        return protocol

    def _note(self) -> None:
        """Let the parent see how many connections are open here."""
        opened = [each for server in self._servers.values() for each in server.server_state.connections]
        sockets = sum(not (isinstance(each, HttpProtocol) and each.has_been_asked) for each in opened)
        self._siblings.note("connections", len(opened) + len(self._opening))
        self._siblings.note("sockets", sockets + len(self._opening))
        self._siblings.note("taken", self._taken)


@contextlib.asynccontextmanager
async def serving_handed(
    app: ASGIApp,
    end: socket.socket,
    own: socket.socket,
    siblings: Siblings,
    *,
    certificate: str,
    key: str,
    ping_interval_s: float,
    ping_timeout_s: float,
    proxies: Sequence[str],
) -> AsyncIterator[None]:
    """Serve ``app`` to the clients that the parent hands over at ``end``, and on ``own``, a listening socket for the
    other workers, while the block runs."""
    make = functools.partial(
        server_of, app, ping_interval_s=ping_interval_s, ping_timeout_s=ping_timeout_s, proxies=proxies
    )
    plain, tls, for_others = make(), make(ssl_certfile=certificate, ssl_keyfile=key), make()
    async with serving((plain, []), (tls, []), (for_others, [own])):
        handed = HandedConnections(end, {MARKS["plain"]: plain, MARKS["tls"]: tls}, siblings)
        async with handed.taking():
            yield
