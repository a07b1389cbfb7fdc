"""Simulates sessions that wait for each other at the cores of an installation, event by event.

The utilisation law (sizing.py) says how much of each resource is used, whatever the times are distributed like; it does
not say how long an answer waits for a core that another session uses. That is what this is for. A library such as simpy
has a coroutine for each session; here all that happens is that a session reaches a station, whose cores serve in the
order of arrival, so that a heap of arrivals and one of the times at which cores are free again are all of it. The same
seed gives the same result.
"""

import heapq
import random
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from bench.scaling.costs import Costs
from bench.scaling.sizing import Machines

SPREAD: Final = 5
"""Pieces into which a server's work for a turn is cut; one of them is waited for."""
AWAITED_ENGINE_WORK: Final = 0.6
"""Share of the engines' work of a turn that its answer waits for: the final transcript and the speech, without the
interim transcripts (docs/performance.md, "Processor time of a turn")."""


class Station(msgspec.Struct, frozen=True):
    """Cores that serve in the order of arrival. With several groups of them a session stays with one group."""

    name: str
    cores: int
    groups: int = 1


class Visit(msgspec.Struct, frozen=True):
    """Work at a station, exponentially distributed. If it is not awaited, the session goes on meanwhile."""

    station: int
    ms: float
    awaited: bool = True


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen after the first quarter of the time."""

    turns_s: float
    busy: dict[str, float]
    """Share of the stations' cores in use."""
    wait_ms: float
    """Mean time that a turn has waited for cores, all awaited work together;"""
    wait_p95_ms: float
    response_ms: float
    """Mean time of a turn's awaited work, the waits included."""


def simulate(
    stations: Sequence[Station], visits: Sequence[Visit], think_ms: float, sessions: int, seconds: float, seed: int = 1
) -> Outcome:
    """Let ``sessions`` think (``think_ms`` on average, exponentially distributed) and then make the awaited visits one
    after the other, again and again, for ``seconds`` of their time. The other visits begin while they think."""
    return _Simulation(stations, visits, think_ms, seed).run(sessions, 1000 * seconds)


class _Simulation:
    def __init__(self, stations: Sequence[Station], visits: Sequence[Visit], think_ms: float, seed: int) -> None:
        self._stations = stations
        self._awaited = [visit for visit in visits if visit.awaited]
        self._beside = [visit for visit in visits if not visit.awaited]
        self._think_ms = think_ms
        self._chance = random.Random(seed)
        self._free = [[[0.0] * station.cores for _ in range(station.groups)] for station in stations]
        self._busy = [0.0] * len(stations)
        self._number = 0
        self._arrivals: list[tuple[float, int, int, int, Visit | None]] = []
        """When, in which order, whose, at which of the awaited visits, or which other one."""

    def run(self, sessions: int, ms: float) -> Outcome:
        counted_from = ms / 4
        began, waited = [0.0] * sessions, [0.0] * sessions
        waits: list[float] = []
        responses: list[float] = []
        for session in range(sessions):
            began[session] = self._think(self._chance.uniform(0, self._think_ms), session)
        while self._arrivals and self._arrivals[0][0] < ms:
            now, _, session, at, beside = heapq.heappop(self._arrivals)
            visit = beside or self._awaited[at]
            start, end = self._serve(visit, session, now, counted_from, ms)
            if beside is not None:
                continue
            waited[session] += start - now
            if at + 1 < len(self._awaited):
                self._push(end, session, at + 1)
                continue
            if counted_from <= end < ms:
                waits.append(waited[session])
                responses.append(end - began[session])
            waited[session] = 0.0
            began[session] = self._think(end, session)
        counted = ms - counted_from
        return Outcome(
            turns_s=1000 * len(waits) / counted,
            busy={
                station.name: busy / (counted * station.cores * station.groups)
                for station, busy in zip(self._stations, self._busy, strict=True)
            },
            wait_ms=float(np.mean(waits)) if waits else 0.0,
            wait_p95_ms=float(np.percentile(waits, 95)) if waits else 0.0,
            response_ms=float(np.mean(responses)) if responses else 0.0,
        )

    def _think(self, now: float, session: int) -> float:
        """Begin the pause before a turn, with the work beside it; its end."""
        pause = self._chance.expovariate(1 / self._think_ms)
        for number, visit in enumerate(self._beside):
            self._push(now + pause * number / len(self._beside), session, 0, visit)
        self._push(now + pause, session, 0)
        return now + pause

    def _push(self, at: float, session: int, visit: int, beside: Visit | None = None) -> None:
        self._number += 1
        heapq.heappush(self._arrivals, (at, self._number, session, visit, beside))

    def _serve(
        self, visit: Visit, session: int, now: float, counted_from: float, counted_to: float
    ) -> tuple[float, float]:
        """When the work begins and ends. Arrivals come here in the order of their times."""
        free = self._free[visit.station][session % self._stations[visit.station].groups]
        start = max(now, free[0])
        end = start + self._chance.expovariate(1 / visit.ms)
        heapq.heapreplace(free, end)
        self._busy[visit.station] += max(0.0, min(end, counted_to) - max(start, counted_from))
        return start, end


def installation(costs: Costs, machines: Machines) -> tuple[list[Station], list[Visit], float]:
    """The stations of these machines, the visits of a turn, and the thinking that makes it last ``turn_s`` where nobody
    waits. What servers cost without sessions takes its share of their cores, so that all else takes longer there."""
    processes = machines.processes
    stations = [
        Station("cores of servers", 1, processes),
        Station("cores of engines", machines.engines * machines.engine_cores),
        Station("cores of PostgreSQL", machines.database_cores),
    ]
    server = costs.turn_edge_ms / SPREAD / max(0.01, 1 - (costs.edge_idle_ms_s + costs.edge_talking_ms_s) / 1000)
    database = costs.turn_database_ms
    engine = costs.turn_engine_ms
    awaited = [
        Visit(0, server),
        Visit(1, engine * AWAITED_ENGINE_WORK / 2),
        Visit(2, database / 2),
        Visit(1, engine * AWAITED_ENGINE_WORK / 2),
    ]
    beside = [
        *(Visit(0, server, awaited=False) for _ in range(SPREAD - 1)),
        Visit(1, engine * (1 - AWAITED_ENGINE_WORK), awaited=False),
        Visit(2, database / 2, awaited=False),
    ]
    think = 1000 * costs.turn_s - sum(visit.ms for visit in awaited)
    return stations, [visit for visit in (*awaited, *beside) if visit.ms > 0], think
