"""The processes that this one has started: the language model's, the parsers', MCP servers'. Linux only."""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

READ_EVERY_S: Final = 0.25

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ProcessUse(msgspec.Struct, frozen=True):
    """What a process uses."""

    processor_s: float
    """Processor time of all its threads since it started, in seconds."""
    resident_bytes: int


class ChildProcessUses(msgspec.Struct, frozen=True):
    """What the child processes used at one moment, by their ids; empty where the system does not say."""

    of: Mapping[int, ProcessUse] = {}
    read_at: float = 0.0
    """By ``time.monotonic``."""

    @property
    def processor_s(self) -> float:
        """Processor time of all of them, in seconds."""
        return sum(use.processor_s for use in self.of.values())


class ChildProcesses:
    """What the direct children of this process use, as it was last read.

    A reading opens a file for each thread of this process and for each child, and the system may let it wait: it is
    done on another thread than the event loop's.
    """

    def __init__(self) -> None:
        self.uses = ChildProcessUses()

    async def keep_reading(self) -> None:
        """Read every READ_EVERY_S seconds until cancelled."""
        while True:
            self.uses = await asyncio.to_thread(uses_of_children)
            await asyncio.sleep(READ_EVERY_S)


def uses_of_children() -> ChildProcessUses:
    """Read what the direct children of this process use now. Not for the event loop's thread."""
    read_at = time.monotonic()
    uses = {child: use_of(child) for child in children_of("self")}
    return ChildProcessUses({child: use for child, use in uses.items() if use is not None}, read_at)


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
