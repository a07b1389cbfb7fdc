"""Network namespaces of this machine in which servers run as if each had a machine of its own.

A namespace has one interface for each thing that a server talks with (LINKS), so that the bytes to and from each can
be read apart, from the counters of the interface's other end. That end hangs on a bridge, whose address on this side
is where the thing listens. Needs root and iproute2.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import msgspec

Link: TypeAlias = Literal["clients", "database", "engines", "model"]
LINKS: Final[tuple[Link, ...]] = get_args(Link)
_BRIDGE: Final = "kyb-{link}"
_FAR_END: Final = "ky{number}-{link}"
_NAMESPACE: Final = "kouyu-{number}"
_NETWORK: Final = "10.213.{network}"
_BITS: Final = 24
_FIRST: Final = 11
"""The last byte of the address of the first namespace."""


class CannotIsolate(Exception):
    """There can be no namespaces here. The text says why, and what to do."""


class Place(msgspec.Struct, frozen=True):
    """Where a server runs."""

    namespace: str
    """"": that of this process."""
    address: str
    """Where clients reach the server."""
    interfaces: dict[Link, str] = {}
    """The ends on this side of its interfaces."""

    def command(self, *module: str) -> tuple[str, ...]:
        """What to run instead of this module, so that it runs here, in the same process."""
        return ("bench.scaling.namespaces", self.namespace, *module) if self.namespace else module

    def bytes_of(self, link: Link) -> int:
        """The bytes of all frames sent and received by an interface so far, with Ethernet's and IP's headers.

        What the kernel passes on in one piece (up to 64 kB) has only one set of headers. Zero outside a namespace.
        """
        if link not in self.interfaces:
            return 0
        counters = Path("/sys/class/net") / self.interfaces[link] / "statistics"
        return sum(int((counters / name).read_text()) for name in ("rx_bytes", "tx_bytes"))


class Network(msgspec.Struct, frozen=True):
    """Places for servers, and this side's address for each thing that they talk with."""

    places: tuple[Place, ...]
    addresses: dict[Link, str]
    bits: int = _BITS

    @property
    def is_isolated(self) -> bool:
        """Whether the places are namespaces."""
        return all(place.namespace for place in self.places)


def one_machine(count: int) -> Network:
    """A network for ``count`` servers that are plain processes."""
    return Network(
        places=tuple(Place(namespace="", address="127.0.0.1") for _ in range(count)),
        addresses=dict.fromkeys(LINKS, "127.0.0.1"),
    )


@contextmanager
def namespaces(count: int) -> Iterator[Network]:
    """``count`` namespaces, gone when the block ends. Raises CannotIsolate."""
    if os.geteuid() != 0:
        raise CannotIsolate("network namespaces need root")
    if not all(map(shutil.which, ("ip", "nsenter"))):
        raise CannotIsolate("ip and nsenter are not on the PATH: apt install iproute2 util-linux")
    with ExitStack() as stack:
        for network, link in enumerate(LINKS, 1):
            bridge = _BRIDGE.format(link=link)
            _ip("link", "add", bridge, "type", "bridge")
            stack.callback(_ip, "link", "del", bridge)
            _ip("addr", "add", f"{_near(network)}/{_BITS}", "dev", bridge)
            _ip("link", "set", bridge, "up")
        yield Network(
            places=tuple(_place(stack, number) for number in range(count)),
            addresses={link: _near(network) for network, link in enumerate(LINKS, 1)},
        )


def _place(stack: ExitStack, number: int) -> Place:
    name = _NAMESPACE.format(number=number)
    _ip("netns", "add", name)
    stack.callback(_ip, "netns", "del", name)
    _ip("-n", name, "link", "set", "lo", "up")
    interfaces: dict[Link, str] = {}
    for network, link in enumerate(LINKS, 1):
        far = _FAR_END.format(number=number, link=link)[:15]
        _ip("link", "add", far, "type", "veth", "peer", "name", link, "netns", name)
        _ip("link", "set", far, "master", _BRIDGE.format(link=link), "up")
        _ip("-n", name, "addr", "add", f"{_far(network, number)}/{_BITS}", "dev", link)
        _ip("-n", name, "link", "set", link, "up")
        interfaces[link] = far
    return Place(namespace=name, address=_far(LINKS.index("clients") + 1, number), interfaces=interfaces)


def _near(network: int) -> str:
    return f"{_NETWORK.format(network=network)}.1"


def _far(network: int, number: int) -> str:
    return f"{_NETWORK.format(network=network)}.{_FIRST + number}"


def _ip(*command: str) -> None:
    done = subprocess.run(["ip", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotIsolate(
            f"ip {' '.join(command)}: {done.stderr.strip()}. What an earlier run has left goes with `ip netns del "
            f"{_NAMESPACE.format(number=0)}` and `ip link del {_BRIDGE.format(link=LINKS[0])}`, and so on"
        )


if __name__ == "__main__":  # NAMESPACE MODULE [ARGUMENT ...]: this process becomes the module's
    _namespace, *_module = sys.argv[1:]
    os.execvp("nsenter", ["nsenter", f"--net=/run/netns/{_namespace}", sys.executable, "-m", *_module])
