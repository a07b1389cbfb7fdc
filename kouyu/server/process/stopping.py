"""Graceful shutdown on a signal, with a deadline."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

log = logging.getLogger(__name__)

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
DEADLINE_S: Final = 5.0
"""A process still running this many seconds after its connections should have been closed is ended."""
NOT_IN_ORDER: Final = 1
"""Exit status of a process ended by the deadline."""
INTERRUPTED: Final = 130
"""Exit status of a process ended by a signal that came after the one to stop at once."""


class Stopping:
    """Whether the server has been asked to stop, and how.

    SIGTERM asks to let turns in progress end; SIGINT (Ctrl-C), and a second signal, ask to stop at once.

    Before ``started`` is called the first signal cancels the task that made this; afterwards it sets ``asked``.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()
        self._starting: asyncio.Task[object] | None = asyncio.current_task()

    def started(self) -> None:
        """From now on signals set ``asked``, which the task waits for, instead of cancelling it."""
        self._starting = None

    def signalled(self, number: signal.Signals) -> None:
        """Handle a stop signal."""
        if self.at_once.is_set():
            os._exit(INTERRUPTED)
        patient = number == signal.SIGTERM and not self.asked.is_set() and self._starting is None
        self.asked.set()
        if not patient:
            self.close()
        if self._starting is not None:
            self._starting.cancel()

    def close(self) -> None:
        """From now on everything ends within DEADLINE_S, or the process does."""
        if not self.at_once.is_set():
            self.at_once.set()
            _end_process_after(DEADLINE_S)


@contextmanager
def stop_on_signals() -> Iterator[Stopping]:
    """Handle SIGINT and SIGTERM while the block runs; after a first signal they stay ignored when the block ends."""
    loop = asyncio.get_running_loop()
    stopping = Stopping()
    for number in SIGNALS:
        loop.add_signal_handler(number, stopping.signalled, number)
    try:
        yield stopping
    finally:
        if not stopping.asked.is_set():
            for number in SIGNALS:
                loop.remove_signal_handler(number)


def _end_process_after(seconds: float) -> None:
    """End the process from a thread: the event loop may hang, or a library's threads at interpreter exit."""

    def end() -> None:
        log.error("not everything stopped within %.1f s; ending the process", seconds)
        os._exit(NOT_IN_ORDER)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
