"""Finds the names and addresses by which other machines reach this one."""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from kouyu.server.kouyu_api.link import login_link
from kouyu.server.process.tcp_listeners import Ports, in_url
from kouyu.store.tokens import Tokens

_FAR_AWAY: Final = "192.0.2.1"
"""An address reserved for documentation: its route is the default route. Nothing is sent there."""


def lan_names() -> tuple[str, ...]:
    """The IPv4 addresses of this machine, that of its default route first, and its mDNS name."""
    found = (*_on_the_way_out(), *_of_the_host_name())
    addresses = dict.fromkeys(address for address in found if _is_reachable(address))
    return (*addresses, *_local_name())


def _on_the_way_out() -> Iterator[str]:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((_FAR_AWAY, 9))
        yield probe.getsockname()[0]


def _of_the_host_name() -> Iterator[str]:
    with contextlib.suppress(OSError):
        for *_, address in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET, socket.SOCK_STREAM):
            yield str(address[0])


def _is_reachable(address: str) -> bool:
    parsed = ip_address(address)
    return not (parsed.is_loopback or parsed.is_unspecified)


def _local_name() -> tuple[str, ...]:
    name = socket.gethostname().partition(".")[0]
    is_valid = name.isascii() and name.replace("-", "").isalnum() and name != "localhost"
    return (f"{name.lower()}.local",) if is_valid else ()


async def lan_links_of(ports: Ports, names: Sequence[str], tokens: Tokens) -> tuple[str, ...]:
    """The page's URLs for other machines. They share a login that works once, for all of them together."""
    if not names:
        return ()
    login = await tokens.create_login()
    return tuple(login_link(address, login) for address in lan_addresses(ports, names))


def lan_addresses(ports: Ports, names: Sequence[str]) -> list[str]:
    """The base URLs for other machines."""
    return [f"https://{in_url(name)}:{ports.https_port}" for name in names]
