"""Makes ids in the format of the real service: decimal strings of 19 digits, and log ids of 53 characters."""

import secrets
import time
import uuid
from typing import Final

NO_ID = "0"
"""Stands for "none" in audio that belongs to no chat (downlink.md 3.4)."""

MOST_SERVERS: Final = 1023
"""Servers that may share a database, each with a number from 1 on."""
NO_SERVER: Final = 0
"""The number in the ids that other programs make, and in those that no server holds."""

_COUNTS: Final = 1024


class IdFactory:
    """Makes ids that increase with time: 42 bits of milliseconds, 10 of the server's number, and a counter of 10 bits
    that begins at a random value in each millisecond. Always 19 digits.

    A process has one of them: two of the same number could make the same id. ``server`` is 0 to MOST_SERVERS, and
    changes when a server gets another number (``kouyu/store/servers.py``).
    """

    def __init__(self, server: int = NO_SERVER) -> None:
        self.server = server
        self._millis = 0
        self._count = 0

    def next_id(self) -> str:
        """A new id, larger than all ids this factory made before under the same number."""
        now = int(time.time() * 1000)
        if now > self._millis:
            # The random begin keeps the ids apart that are made before and after the clock was set back.
            self._millis, self._count = now, secrets.randbelow(_COUNTS // 2)
        elif self._count + 1 < _COUNTS:
            self._count += 1
        else:
            self._millis, self._count = self._millis + 1, 0
        # 2^62 keeps the number at 19 digits, and 42 bits last until 2109 inside a signed 64-bit integer.
        millis = self._millis & ((1 << 42) - 1)
        return str((1 << 62) | (millis << 20) | (self.server << 10) | self._count)


def server_of(made: str) -> int:
    """The number of the server that made this id; NO_SERVER for text that no factory makes."""
    return (int(made) >> 10) & MOST_SERVERS if made.isascii() and made.isdigit() else NO_SERVER


def new_event_id() -> str:
    """The id of one downlink event: a fresh UUID, version 4."""
    return str(uuid.uuid4())


def new_log_id() -> str:
    """The id of one connection or request, sent as ``detail.logid`` and in the header ``X-Tt-Logid``."""
    return f"02{int(time.time() * 1000):013d}{secrets.token_hex(19)}"
