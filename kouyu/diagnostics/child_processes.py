"""The processes that this one has started: the language model's, the parsers', MCP servers'. Linux only."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ProcessUse(msgspec.Struct, frozen=True):
    """What a process uses."""

    processor_s: float
    """Processor time of all its threads since it started, in seconds."""
    resident_bytes: int


def children() -> list[int]:
    """The ids of the direct children of this process; none where the system does not say."""
    return children_of("self")


def children_of(process_id: int | Literal["self"]) -> list[int]:
    """The ids of the direct children of a process; none where the system does not say."""
    return list(_children(process_id))


def use_of(process_id: int) -> ProcessUse | None:
    """What a process uses now; None if it has ended, or where the system does not say."""
    with suppress(OSError, IndexError):
        # The second field, a name in brackets, may hold anything.
        stat = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return ProcessUse((int(stat[11]) + int(stat[12])) / _TICKS_PER_S, int(stat[21]) * _PAGE_BYTES)
    return None


def _children(process_id: int | Literal["self"]) -> Iterator[int]:
    for path in Path(f"/proc/{process_id}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has ended meanwhile
            yield from map(int, path.read_text(encoding="ascii").split())
