"""The server behind a proxy: where it is, and connections to it."""

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

import msgspec

_SCHEMES: Final = {"ws": False, "http": False, "wss": True, "https": True}
"""Whether a scheme means TLS."""
_REST_OF: Final = {"ws.coze.com": "https://api.coze.com", "ws.coze.cn": "https://api.coze.cn"}
"""The cloud answers requests at other hosts than WebSockets."""


class BadUpstream(ValueError):
    """The address is none of a server. The text says what is expected."""


class Upstream(msgspec.Struct, frozen=True):
    """One server: ``prefix`` is put before every path."""

    host: str
    port: int
    tls: bool
    prefix: str = ""

    @property
    def host_header(self) -> str:
        """The value of ``Host``."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.tls else 80) else f"{name}:{self.port}"


class Upstreams(msgspec.Struct, frozen=True):
    """Where WebSockets are relayed to, and where requests are. ``trust`` verifies their certificates."""

    sockets: Upstream
    requests: Upstream
    trust: ssl.SSLContext

    async def connect(self, upstream: Upstream) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection. Raises OSError."""
        return await asyncio.open_connection(upstream.host, upstream.port, ssl=self.trust if upstream.tls else None)


def read_upstream(url: str) -> Upstream:
    """Read a URL such as ``wss://ws.coze.com`` or ``http://127.0.0.1:8080``. Raises BadUpstream."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise BadUpstream(f"{url!r} is no server's address: it must begin with wss://, ws://, https:// or http://")
    try:
        port = parts.port
    except ValueError as fault:
        raise BadUpstream(f"{url!r}: {fault}") from None
    tls = _SCHEMES[parts.scheme]
    return Upstream(parts.hostname, port or (443 if tls else 80), tls, parts.path.rstrip("/"))


def rest_of(url: str) -> str:
    """Where the server whose WebSockets are at ``url`` answers requests."""
    return _REST_OF.get(urlsplit(url).hostname or "", url)
