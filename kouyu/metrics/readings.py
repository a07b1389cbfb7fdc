"""Figures that are read from the server's parts when somebody asks for them."""

from collections.abc import Mapping

import msgspec


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """The present state of the server."""

    sessions: int
    max_sessions: int
    refused: int
    """Sessions refused since the start."""
    text_chats: int
    waiting: int
    """Jobs that are ready to run and have no thread of the engines."""
    running: int
    oldest_wait_s: float
    engine_busy_s: Mapping[str, float]
    """Seconds that work has held threads of the engines since the start, by the module that ordered it."""
    loop_blocked: int
    """How often the event loop was blocked for over 100 ms since the start."""
    loop_longest_s: float
