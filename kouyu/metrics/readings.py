"""Figures that are read from the server's parts when somebody asks for them."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from kouyu.diagnostics.child_processes import ProcessUse

Refused: TypeAlias = Literal["full", "overloaded", "stopping"]
"""Why a conversation may not begin: ``max_sessions``, the load of the machine, or a server that stops."""


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """The present state of the server."""

    sessions: int
    max_sessions: int
    turns: int
    """Connections with a turn in progress: the user speaks, an answer is prepared, or its sound is still played."""
    refused: Mapping[Refused, int]
    """Sessions and text chats refused since the start, by reason."""
    load: float
    """The load, 1 at a limit of ``[overload]``."""
    busy: float
    """The share of the engines' threads, the event loop's time or the cores in use, 0 to 1: the largest."""
    is_overloaded: bool
    """Whether new conversations are refused for the load."""
    text_chats: int
    waiting: int
    """Jobs that are ready to run and have no thread of the engines."""
    running: int
    oldest_wait_s: float
    engine_busy_s: Mapping[str, float]
    """Seconds that work has held threads of the engines since the start, by the module that ordered it."""
    child_processes: Mapping[str, ProcessUse]
    """What the processes that the server has started use, by what they do; empty where the system does not say."""
    loop_lag_s: float
    """How late the event loop is, averaged over some seconds."""
    loop_blocked: int
    """How often the event loop was blocked for over 100 ms since the start."""
    loop_longest_s: float
