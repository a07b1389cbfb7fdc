"""When a child process that has ended is started again, and what is said of its end."""

import signal
import time
from typing import Final

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 30.0
"""Between two starts of a process that does not live for STABLE_AFTER_S."""
STABLE_AFTER_S: Final = 60.0


class WorkerFailed(Exception):
    """A process of the server could not start. The text says why."""


class Pauses:
    """The pauses between the starts of one process: ever longer, until one has lived for long."""

    def __init__(self) -> None:
        self._pause_s = FIRST_PAUSE_S
        self._began = time.monotonic()

    def begin(self) -> None:
        """A process is started."""
        self._began = time.monotonic()

    def after_end(self) -> float:
        """It has ended: return how long to wait, in seconds."""
        if time.monotonic() - self._began > STABLE_AFTER_S:
            self._pause_s = FIRST_PAUSE_S
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return pause_s


def how(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    return f"was ended by signal {-status} ({signal.strsignal(-status)})"
