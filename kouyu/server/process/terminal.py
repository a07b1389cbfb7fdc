"""SIGHUP before the server can act on it, and whether it may mean that a terminal was closed."""

import os
import signal
from pathlib import Path
from typing import Final

_TERMINAL: Final = Path("/dev/tty")


def has_terminal() -> bool:
    """Whether this process has a controlling terminal that is open."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def survive_hangups() -> None:
    """Ignore SIGHUP until the server handles it: a service manager may send it as soon as the process runs, and the
    settings are yet to be read. At a terminal it ends the process, as usual."""
    if not has_terminal():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
