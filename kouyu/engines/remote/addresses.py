"""The addresses of engine processes: which one gets the next request, and which ones rest."""

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Final

import httpx

from kouyu.engines.remote.increments import Increments
from kouyu.engines.remote.options import UNIX, RemoteOptions
from kouyu.engines.remote.wire import RemoteKind
from kouyu.engines.this_machine import is_this_machine

WHOLE_S: Final = 60.0
"""Seconds for which an address gets whole utterances after it did not know what had been sent: several processes
answer there in turn, behind a balancer."""
_KEEP_ALIVE_S: Final = 30.0
"""Below the time for which `kouyu engines` keeps an idle connection, so that no request meets one that is closing."""


class Address:
    """One address, with its connections."""

    def __init__(self, url: str, options: RemoteOptions, token: str, clock: Callable[[], float]) -> None:
        self.url = url
        self.kinds: tuple[RemoteKind, ...] | None = None
        """What it serves; None as long as it has not said so."""
        self.process = ""
        """The process that answered last."""
        self.in_flight = 0
        self.increments = Increments()
        self.client = _client(url, options, token)
        self._clock = clock
        self._whole_until = 0.0

    @property
    def takes_increments(self) -> bool:
        """Whether what was sent before is known at this address."""
        return self._clock() >= self._whole_until

    def answered_by(self, process: str) -> None:
        """Note which process answered."""
        if process != self.process:
            self.increments.lost()
            self.process = process

    def did_not_know(self) -> None:
        """Note that what was sent before is not known there."""
        self.increments.lost()
        self._whole_until = self._clock() + WHOLE_S


class Addresses:
    """Chooses among addresses: those that answer before those that do not, then the one with the least to do."""

    def __init__(self, options: RemoteOptions, token: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.all: Sequence[Address] = tuple(Address(url, options, token, clock) for url in options.urls)
        self._clock = clock
        self._failed_at: dict[Address, float] = {}
        self._turn = itertools.count()

    @property
    def failing(self) -> tuple[Address, ...]:
        """Those that did not answer the last request."""
        return tuple(self._failed_at)

    def next_for(self, kind: RemoteKind, tried: Sequence[Address] = ()) -> Address | None:
        """The address for a request. None if all that serve this kind were ``tried``.

        If all of them are failing, it is the one that failed first: it may be back.
        """
        able = [each for each in self.all if each not in tried and (each.kinds is None or kind in each.kinds)]
        if not able:
            return None
        first = next(self._turn)
        # Addresses with as much to do take turns.
        order = {each: (number - first) % len(able) for number, each in enumerate(able)}
        return min(able, key=lambda each: (self._failed_at.get(each, 0.0), each.in_flight, order[each]))

    def failed(self, address: Address) -> bool:
        """Note that an address did not answer. True if it had answered before."""
        is_news = address not in self._failed_at
        self._failed_at[address] = self._clock()
        address.increments.lost()
        return is_news

    def answered(self, address: Address) -> bool:
        """Note that an address answers. True if it had failed before."""
        return self._failed_at.pop(address, None) is not None

    async def close(self) -> None:
        """Close all connections."""
        for each in self.all:
            await each.client.aclose()


def _client(url: str, options: RemoteOptions, token: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, keepalive_expiry=_KEEP_ALIVE_S)
    is_socket = url.startswith(UNIX)
    return httpx.AsyncClient(
        base_url="http://engines" if is_socket else url,
        headers={
            "Accept-Encoding": "identity",  # a compressed body is not read (http_body)
            **({"Authorization": f"Bearer {token}"} if token else {}),
        },
        timeout=httpx.Timeout(options.answer_s, connect=options.connect_s),
        limits=limits,
        transport=httpx.AsyncHTTPTransport(uds=url.removeprefix(UNIX), limits=limits) if is_socket else None,
        # A proxy of the environment cannot reach a server on this machine.
        trust_env=not (is_socket or is_this_machine(url)),
    )
