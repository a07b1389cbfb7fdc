"""When a child process that has ended is started again, and what is said of its end."""

import signal
import time
from typing import Final

from kouyu.server.siblings.processes import ProcessState

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 30.0
"""Between two starts of a process that does not live for STABLE_AFTER_S."""
STABLE_AFTER_S: Final = 60.0
ADVISED_AFTER: Final = 3
"""After so many ends in a row the log says what to do."""


class WorkerFailed(Exception):
    """A process of the server could not start. The text says why."""


class Restarts:
    """The starts of one process: how often, in which state it is, and the pauses between them, which grow until one has
    lived for long."""

    def __init__(self) -> None:
        self.state: ProcessState = "starting"
        self.count = 0
        """Starts after the first one."""
        self.last_end = ""
        self._in_a_row = 0
        self._pause_s = FIRST_PAUSE_S
        self._began: float | None = None

    @property
    def uptime_s(self) -> float:
        """Since the last start; 0 while no process runs."""
        return 0.0 if self.state == "waiting" or self._began is None else time.monotonic() - self._began

    def begin(self) -> None:
        """A process is started."""
        if self._began is not None:
            self.count += 1
        self._began = time.monotonic()
        self.state = "starting"

    def running(self) -> None:
        """The process is ready."""
        self.state = "running"

    def after_end(self, said: str) -> float:
        """It has ended, as ``said``: return how long to wait, in seconds."""
        self.state, self.last_end = "waiting", said
        if self._began is not None and time.monotonic() - self._began > STABLE_AFTER_S:
            self._pause_s, self._in_a_row = FIRST_PAUSE_S, 0
        self._in_a_row += 1
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return pause_s

    @property
    def advice(self) -> str:
        """What the operator is to do about it, as the end of a log line; "" after few ends."""
        if self._in_a_row < ADVISED_AFTER:
            return ""
        return (
            f"; it has ended {self._in_a_row} times in a row: mend what its own lines above name (settings, files,"
            f" memory of the machine), then it starts by itself, {LONGEST_PAUSE_S:.0f} s later at most"
        )


def how(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    return f"was ended by signal {-status} ({signal.strsignal(-status)})"
