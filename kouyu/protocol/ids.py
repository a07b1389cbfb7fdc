"""Makes ids in the format of the real service: decimal strings of 19 digits, and log ids of 53 characters."""

import secrets
import time
import uuid

NO_ID = "0"
"""Stands for "none" in audio that belongs to no chat (downlink.md 3.4)."""


class IdFactory:
    """Makes ids that increase with time: 42 bits of milliseconds, 20 random bits, always 19 digits."""

    def __init__(self) -> None:
        self._last = 0

    def next_id(self) -> str:
        """A new id, larger than all ids this factory made before."""
        # 2^62 keeps the number at 19 digits, and 42 bits last until 2109 inside a signed 64-bit integer.
        millis = int(time.time() * 1000) & ((1 << 42) - 1)
        candidate = (1 << 62) | (millis << 20) | secrets.randbits(20)
        self._last = max(self._last + 1, candidate)
        return str(self._last)


def new_event_id() -> str:
    """The id of one downlink event: a fresh UUID, version 4."""
    return str(uuid.uuid4())


def new_log_id() -> str:
    """The id of one connection or request, sent as ``detail.logid`` and in the header ``X-Tt-Logid``."""
    return f"02{int(time.time() * 1000):013d}{secrets.token_hex(19)}"
