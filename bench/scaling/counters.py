"""What an installation has used so far: processor time, transactions, notices and bytes."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from bench.scaling.namespaces import Place
from kouyu.bench.process_usage import descendants

_TICKS_PER_S: Final = 100


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Sums since the beginning, or of a time. Bytes are of both directions."""

    seconds: float
    edge_cpu_s: float
    """Processor time of all servers,"""
    database_cpu_s: float
    """of PostgreSQL's processes for the connections of servers,"""
    sender_cpu_s: float
    """of the one for the connection of the measurement, which sends notices,"""
    engine_cpu_s: float
    """and of the processes of engines."""
    writes: float
    """Transactions that wrote."""
    notices: float
    """NOTIFYs."""
    database_bytes: float
    """Between servers and PostgreSQL,"""
    client_bytes: float
    """clients,"""
    engine_bytes: float
    """engines,"""
    model_bytes: float
    """and the language model."""

    def since(self, before: Self) -> Self:
        """What was used between two readings."""
        fields = {name: getattr(self, name) - getattr(before, name) for name in self.__struct_fields__}
        return type(self)(**fields)

    def plus(self, other: Self, times: float = 1.0) -> Self:
        """The sum with so many times another one."""
        fields = {name: getattr(self, name) + times * getattr(other, name) for name in self.__struct_fields__}
        return type(self)(**fields)


def cpu_s(pids: Iterable[int]) -> float:
    """Processor time of these processes and of all their children, those that have ended included. Linux only."""
    return sum(_own_cpu_s(each) for pid in pids for each in (pid, *descendants(pid)))


def _own_cpu_s(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    used = stat.rpartition(")")[2].split()[11:15]  # user, system; the same of children that have ended
    return sum(map(int, used)) / _TICKS_PER_S


def _one_thread_cpu_s(pid: int) -> float:
    """Processor time of a process with one thread, to the nanosecond. Linux only."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError:
        return 0.0


class DatabaseCounters:
    """Counts what a database does, over a connection of its own. Open it with ``async with``.

    PostgreSQL has a process for each connection. Its other processes (checkpoints, vacuum) work at times of their own,
    and are left out.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self.notices = 0

    async def __aenter__(self) -> Self:
        import asyncpg

        self._connection = await asyncpg.connect(self._url)
        await self._connection.add_listener("kouyu", self._heard)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    def _heard(self, *_: object) -> None:
        self.notices += 1

    async def writes(self) -> int:
        """The number of the next transaction that writes."""
        return int(await self._connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))

    async def cpu_s(self) -> tuple[float, float]:
        """Processor time of PostgreSQL for the other connections, and for this one."""
        rows = await self._connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        own = self._connection.get_server_pid()
        others = [row["pid"] for row in rows if row["pid"] != own]
        return sum(map(_one_thread_cpu_s, others)), _one_thread_cpu_s(own)

    async def notify(self, payload: str, times: int, seconds: float) -> None:
        """Send a notice so many times, evenly over so many seconds."""
        for _ in range(times):
            await self._connection.execute("SELECT pg_notify('kouyu', $1)", payload)
            await asyncio.sleep(seconds / times)


async def read(
    places: Sequence[Place], edges: Iterable[int], engines: Iterable[int], database: DatabaseCounters
) -> Counters:
    """Read everything now. ``edges`` and ``engines`` are process ids."""
    writes = await database.writes()
    database_cpu_s, sender_cpu_s = await database.cpu_s()
    return Counters(
        seconds=time.monotonic(),
        edge_cpu_s=cpu_s(edges),
        database_cpu_s=database_cpu_s,
        sender_cpu_s=sender_cpu_s,
        engine_cpu_s=cpu_s(engines),
        writes=writes,
        notices=database.notices,
        database_bytes=sum(place.bytes_of("database") for place in places),
        client_bytes=sum(place.bytes_of("clients") for place in places),
        engine_bytes=sum(place.bytes_of("engines") for place in places),
        model_bytes=sum(place.bytes_of("model") for place in places),
    )
