"""Rate-limits failed authentication per client address.

A valid token is accepted all the same: behind NAT or a container's proxy many users share one address, and one
misconfigured device must not lock them all out. Tokens cannot be guessed, so an attacker gains nothing by this.
"""

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

FAILURES_AT_ONCE = 30
"""Failed handshakes that an address may make in a row."""
FAILURES_PER_S = 1.0
"""Leak rate of the bucket: higher than the rate of one JS client that reconnects for ever (websocket.md 1.6)."""
ADDRESSES_KEPT = 10_000
"""Most addresses remembered; beyond it the one whose last failure is oldest is dropped."""


class FailureBackoff:
    """Counts failed handshakes per address in a leaky bucket, so that a rejected client that retries stays cheap."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Level and the time it was written, by address; the latest to fail is last."""
        self.failures: Counter[str] | None = None
        """Failures by address, for who takes them out; None: nobody does."""

    def wait_s(self, address: str) -> int:
        """Whole seconds until this address may try again; 0 when it may now."""
        over = self._level(address) - (FAILURES_AT_ONCE - 1)
        return max(0, math.ceil(over / FAILURES_PER_S))

    def failed(self, address: str) -> None:
        """Count a failure of this address."""
        self.add(address, 1)
        if self.failures is not None:
            self.failures[address] += 1

    def add(self, address: str, count: int) -> None:
        """Count failures of this address, also on other servers."""
        self._levels[address] = (min(self._level(address) + count, FAILURES_AT_ONCE), self._clock())
        self._levels.move_to_end(address)
        if len(self._levels) > ADDRESSES_KEPT:
            self._levels.popitem(last=False)

    def _level(self, address: str) -> float:
        level, since = self._levels.get(address, (0.0, 0.0))
        return max(0.0, level - (self._clock() - since) * FAILURES_PER_S)
