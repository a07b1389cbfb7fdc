"""Fetches URLs in messages without giving their senders access to the server's own network (SSRF protection).

The host is resolved once, all its addresses are checked, and the connection goes to a checked one, so that a second DNS
look-up cannot answer differently. Redirects are followed here, each hop checked in the same way.
"""

import asyncio
import ipaddress
import socket
from contextlib import aclosing
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import httpx
import msgspec

from kouyu.engines.http_body import UnreadableBody, whole_body

_MOST_REDIRECTS: Final = 5
_AT_ONCE: Final = 16
"""Most concurrent fetches, over all sessions; others are queued."""
_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_NOT_GLOBAL: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
        ),
    )
)
"""IANA's special-purpose address registries (RFC 6890) and multicast, without their exceptions: anycast addresses of
resolvers and relays serve no files. Outside 2000::/3 no IPv6 address is assigned."""
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What may be fetched."""

    allow_private: bool = False
    """Whether to fetch from this machine and private networks."""
    max_bytes: int = 20_000_000
    timeout_s: float = 8.0
    """Time-out of one file, redirects included."""


class Fetched(msgspec.Struct, frozen=True):
    """A fetched file; ``name`` is the last part of its path."""

    name: str
    content: bytes


class FetchError(Exception):
    """A file could not be fetched. The text says why, and may be shown to client and model."""


class Fetcher:
    """Fetches files over HTTP. Call ``close`` when done."""

    def __init__(self, options: FetchingOptions) -> None:
        self.options = options
        """May be replaced at any time."""
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._http = httpx.AsyncClient(
            # Connections are never reused: each was made for one host name at one address.
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=None,  # ``fetch`` limits the whole
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def fetch(self, url: str) -> Fetched:
        """Fetch the file at ``url``. Raises FetchError."""
        try:
            async with self._turn, asyncio.timeout(self.options.timeout_s):
                for _ in range(_MOST_REDIRECTS + 1):
                    found = await self._hop(url)
                    if isinstance(found, Fetched):
                        return found
                    url = urljoin(url, found)
        except TimeoutError as fault:
            raise FetchError(f"it took longer than {self.options.timeout_s:g} s") from fault
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
            raise FetchError(f"it could not be fetched ({type(fault).__name__})") from fault
        raise FetchError(f"more than {_MOST_REDIRECTS} redirects")

    async def _hop(self, url: str) -> Fetched | str:
        """Return the file, or the URL it redirects to."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise FetchError("only http and https addresses are fetched")
        address = await self._address(parts.hostname, parts.port or _PORTS[parts.scheme])
        host = f"[{address}]" if address.version == 6 else str(address)
        pinned = httpx.URL(url).copy_with(host=host, username=None, password=None, fragment=None)
        headers = {"Host": parts.netloc.rpartition("@")[2], "Accept-Encoding": "identity"}
        request = self._http.build_request(
            "GET", pinned, headers=headers, extensions={"sni_hostname": parts.hostname.encode("idna").decode()}
        )
        response = await self._http.send(request, stream=True)
        self._http.cookies.clear()
        async with aclosing(response):
            if response.has_redirect_location:
                return str(response.headers["location"])
            if not response.is_success:
                raise FetchError(f"its server answered {response.status_code}")
            return Fetched(unquote(parts.path.rpartition("/")[2]), await self._content(response))

    async def _content(self, response: httpx.Response) -> bytes:
        try:
            return await whole_body(response, self.options.max_bytes)
        except UnreadableBody as fault:
            raise FetchError(f"it cannot be read: {fault}") from fault

    async def _address(self, host: str, port: int) -> Address:
        """Return an allowed address of the host; refuses the host if any of its addresses is private."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as fault:
            raise FetchError("its host is not known") from fault
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not self.options.allow_private and not all(map(is_public, addresses)):
            raise FetchError("its address is a private one")
        return addresses[0]


def is_public(address: Address) -> bool:
    """Whether the address is on the public internet: not this machine, a private network or a cloud's metadata."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    return not any(address in network for network in _NOT_GLOBAL)
