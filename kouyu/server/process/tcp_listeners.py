"""Plain HTTP and TLS side by side: one application, two ports, one event loop."""

import asyncio
import contextlib
import errno
import functools
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
import uvicorn
from litestar.types import ASGIApp

from kouyu.domain.client_json import LARGEST_MESSAGE
from kouyu.server.process.certificates import Certificates
from kouyu.server.process.http_protocol import HttpProtocol
from kouyu.server.process.websocket_protocol import WebSocketProtocol
from kouyu.serving.http_server import HttpServer

BACKLOG = 2048
KEEP_ALIVE_S = 55
"""Seconds that an idle connection is kept for a further request, below ``http_protocol.LONGEST_STALL_S``. Many clients
close theirs after 5 s (httpx, and so cozepy) to 30 s: the server must be later, or a request meets a connection that is
just being closed, and fails."""
EVERYWHERE = "0.0.0.0"
"""The host that means all addresses of this machine."""
ALL_ADDRESSES: Final = ("", EVERYWHERE, "::")
"""All hosts that do."""
SHUTDOWN_S = 1
"""Time in seconds for HTTP requests in progress to finish when the server stops."""


class ListenError(Exception):
    """A port cannot be bound. The text says which, and why."""


class Ports(msgspec.Struct, frozen=True):
    """Where the server listens, with the actual port numbers."""

    host: str
    port: int
    https_port: int

    @property
    def http(self) -> str:
        """The base URL of plain HTTP."""
        return f"http://{in_url(self.host)}:{self.port}"

    @property
    def https(self) -> str:
        """The base URL of TLS. For ``0.0.0.0`` and the like the host is localhost, which the certificate covers."""
        return f"https://{in_url(self.host)}:{self.https_port}"


def bind(host: str, port: int, option: str) -> socket.socket:
    """Open a listening socket; ``port`` 0 takes a free one. Raises ListenError, which tells to change ``option``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ListenError(f"{host!r} is not an address of this machine: {error}") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise ListenError(f"{host}: this machine has no such address; give another with --host") from None
        raise ListenError(f"{host}:{port}: {_reason(error)}. Take another port with {option}, or 0 for any") from None
    listener.setblocking(False)
    return listener


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program listens there already"
        case errno.EACCES:
            return "this user may not use that port"
        case _:
            return error.strerror or str(error)


def in_url(host: str) -> str:
    """The host as it stands in a URL; localhost for all addresses of this machine."""
    if host in ALL_ADDRESSES:
        return "localhost"
    return f"[{host}]" if ":" in host else host


class Server(HttpServer):
    """The server of one port; connections may also come from another process."""

    def new_protocol(self) -> HttpProtocol:
        """The protocol of a connection that another process has accepted."""
        return HttpProtocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


@contextlib.asynccontextmanager
async def listening(
    app: ASGIApp,
    plain: socket.socket,
    tls: socket.socket,
    certificates: Certificates,
    *,
    ping_interval_s: float,
    ping_timeout_s: float,
    proxies: Sequence[str] = (),
) -> AsyncIterator[None]:
    """Serve ``app`` on both sockets while the block runs; then stop, within about SHUTDOWN_S.

    X-Forwarded-For and X-Forwarded-Proto are trusted from ``proxies`` alone.
    """

    server = functools.partial(
        server_of, app, ping_interval_s=ping_interval_s, ping_timeout_s=ping_timeout_s, proxies=proxies
    )
    plain_server = server()
    tls_server = server(ssl_certfile=str(certificates.certificate), ssl_keyfile=str(certificates.key))
    async with serving((plain_server, [plain]), (tls_server, [tls])):
        yield


@contextlib.asynccontextmanager
async def serving(*servers: tuple["Server", list[socket.socket]]) -> AsyncIterator[None]:
    """Run these servers, each on its listening sockets, while the block runs; then stop, within about SHUTDOWN_S."""
    async with asyncio.TaskGroup() as group:
        for server, sockets in servers:
            group.create_task(server.serve(sockets))
        for server, _ in servers:
            await server.ready.wait()
        try:
            yield
        finally:
            for server, _ in servers:
                server.should_exit = True


def server_of(
    app: ASGIApp, *, ping_interval_s: float, ping_timeout_s: float, proxies: Sequence[str], **tls_options: str
) -> "Server":
    """A server of ``app`` that does not run yet."""
    config = uvicorn.Config(
        app,
        http=HttpProtocol,  # of h11, which keeps the spelling of header names; httptools does not
        ws=WebSocketProtocol,
        timeout_keep_alive=KEEP_ALIVE_S,
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=ping_interval_s,
        ws_ping_timeout=ping_timeout_s,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        log_level="warning",  # on info and debug uvicorn and websockets log the query, and with it tokens
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=SHUTDOWN_S,
        **tls_options,  # type: ignore[arg-type]
    )
    config.load()
    if config.ssl is not None:
        # TLS 1.3 session tickets follow the handshake. A client that reads and writes on two threads, as cozepy's
        # synchronous one does, may read them while it writes its request, and OpenSSL then sometimes loses the
        # request. A client without a ticket makes a full handshake each time, of as many round trips.
        config.ssl.num_tickets = 0
    return Server(config)
