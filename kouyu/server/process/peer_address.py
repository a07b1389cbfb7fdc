"""The address by which the other servers on a PostgreSQL database reach this one."""

from collections.abc import Awaitable, Callable
from typing import Final

from kouyu.server.process.tcp_listeners import ALL_ADDRESSES, Ports, in_url

_LOCAL: Final = "127.0.0.1"


async def address_for_peers(ports: Ports, seen_from: Callable[[], Awaitable[str | None]]) -> str:
    """The base URL of this server for the others: of its plain HTTP, by an address that they can reach.

    If it listens on all addresses of its machine, that is the one from which PostgreSQL sees it: ``seen_from``.
    """
    if ports.host not in ALL_ADDRESSES:
        return ports.http
    return f"http://{in_url(await seen_from() or _LOCAL)}:{ports.port}"
