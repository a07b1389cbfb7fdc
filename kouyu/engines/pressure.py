"""Whether there is more for the engines to do than they can: then nothing is done that may turn out to be in vain."""

import math
import time
from collections.abc import Callable
from typing import Final

from kouyu.engines.scheduler import Load

WAIT_S: Final = 0.25
"""Work that waits so long for a thread: what was to save time would now cost somebody else's."""
CALM_S: Final = 2.0
"""Without such waiting for so long, the pressure is over."""
_LOOK_EVERY_S: Final = 0.05


class Pressure:
    """Looks at a scheduler's load, twenty times a second at most, however many ask."""

    def __init__(self, load: Callable[[], Load], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._looked_at = -math.inf
        self._waited_at = -math.inf

    @property
    def is_high(self) -> bool:
        """Work waits now, or did a moment ago."""
        now = self._clock()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            if self._load().oldest_wait >= WAIT_S:
                self._waited_at = now
        return now - self._waited_at < CALM_S
