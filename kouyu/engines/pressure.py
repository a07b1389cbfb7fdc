"""Detects overload of the engines; under it sessions skip speculative work."""

import math
import time
from collections.abc import Callable
from typing import Final

from kouyu.engines.scheduler import Load

WAIT_S: Final = 0.25
"""Waiting time for a thread that counts as overload: speculation would now delay other sessions."""
CALM_S: Final = 2.0
"""The overload is over after this many seconds without such waiting."""
_LOOK_EVERY_S: Final = 0.05


class Pressure:
    """Samples a scheduler's load, at most twenty times a second however often it is asked."""

    def __init__(self, load: Callable[[], Load], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._looked_at = -math.inf
        self._waited_at = -math.inf

    @property
    def is_high(self) -> bool:
        """Whether work waits too long now, or did in the last CALM_S."""
        now = self._clock()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            if self._load().oldest_wait >= WAIT_S:
                self._waited_at = now
        return now - self._waited_at < CALM_S
