"""From measured runs to what a turn, a server and a notice cost, and whether that stays the same with more servers."""

import statistics
from collections.abc import Sequence
from typing import Final

import msgspec

from bench.scaling.counters import Counters
from kouyu.bench.machine import Machine

SAME: Final = 0.10
"""Costs that differ by less than this share count as the same."""
LEAST: Final = 0.01
"""Smaller costs of a turn than this, in their unit, are not compared: they are noise."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of an installation."""

    edges: int
    replicas: int
    """Processes of engines; 0: stubs."""
    sessions: int
    dense: bool
    """Whether it was for the costs of many sessions on one server, and not to be compared with the others."""
    idle: Counters
    """Without a session."""
    noticed: Counters | None
    """While ``notices`` notices were sent to servers without a session."""
    notices: int
    talk: Counters
    """While all sessions talked."""
    turns: int
    unanswered: int
    answer_ms: float
    """Median, from the end of a question to the first audio."""
    edge_mib: float
    """Memory of a server without a session,"""
    talking_edge_mib: float
    """and with its share of the sessions."""
    database_mib: float
    load: float
    """The machine's load average over a minute at the end."""

    @property
    def of_turns(self) -> Counters:
        """What all turns have cost: what was used, without what the servers use without a session."""
        return self.talk.plus(self.idle, -self.talk.seconds / self.idle.seconds)

    @property
    def turn_s(self) -> float:
        """Seconds from a session's turn to its next one."""
        return self.sessions * self.talk.seconds / self.turns


class Measure(msgspec.Struct, frozen=True):
    """What a turn costs of one thing."""

    name: str
    counter: str
    scale: float = 1.0

    def of(self, run: Run) -> float:
        """In one run."""
        return self.scale * float(getattr(run.of_turns, self.counter)) / run.turns


MEASURES: Final = (
    Measure("servers' processor time, ms", "edge_cpu_s", 1000),
    Measure("PostgreSQL's processor time, ms", "database_cpu_s", 1000),
    Measure("engines' processor time, ms", "engine_cpu_s", 1000),
    Measure("transactions that write", "writes"),
    Measure("notices", "notices"),
    Measure("to and from PostgreSQL, kB", "database_bytes", 0.001),
    Measure("to and from clients, kB", "client_bytes", 0.001),
    Measure("to and from engines, kB", "engine_bytes", 0.001),
    Measure("to and from the language model, kB", "model_bytes", 0.001),
)


class Row(msgspec.Struct, frozen=True):
    """One measure, for each size of installation."""

    name: str
    means: dict[int, float]
    spread: dict[int, tuple[float, float]]
    """Least and most of the runs."""

    @property
    def ratios(self) -> dict[int, float]:
        """To the smallest size."""
        first = self.means[min(self.means)]
        return {size: mean / first for size, mean in self.means.items()}

    @property
    def is_same(self) -> bool:
        """Whether the costs of all sizes are the same within SAME."""
        return all(abs(ratio - 1) <= SAME for ratio in self.ratios.values())


def rows(runs: Sequence[Run], size: str) -> list[Row]:
    """The costs of a turn by the field ``size`` of the runs: ``edges`` or ``replicas``. Without those of nearly 0."""
    found = []
    for measure in MEASURES:
        by_size: dict[int, list[float]] = {}
        for run in runs:
            by_size.setdefault(getattr(run, size), []).append(measure.of(run))
        means = {each: statistics.fmean(costs) for each, costs in sorted(by_size.items())}
        if means[min(means)] > LEAST:
            found.append(Row(measure.name, means, {each: (min(by_size[each]), max(by_size[each])) for each in means}))
    return found


class Line(msgspec.Struct, frozen=True):
    """``at + slope * size``, fitted by least squares."""

    at: float
    slope: float


def fitted(points: Sequence[tuple[float, float]]) -> Line:
    """The line through these points; a level one if all have one size."""
    if len({size for size, _ in points}) < 2:
        return Line(statistics.fmean(value for _, value in points), 0.0)
    slope, at = statistics.linear_regression(*zip(*points, strict=True))
    return Line(at, slope)


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulation needs. Times in ms of a core of the machine that measured, bytes in kB of both directions."""

    command: str
    machine: Machine
    load: float
    """The machine's highest load average during the runs."""
    turn_s: float
    turn_edge_ms: float
    """Of one more session on a server that has others."""
    turn_database_ms: float
    turn_engine_ms: float
    turn_writes: float
    turn_database_kb: float
    turn_client_kb: float
    turn_engine_kb: float
    turn_model_kb: float
    edge_idle_ms_s: float
    """Of a server without a session, for each second;"""
    edge_talking_ms_s: float
    """more of one with any sessions, whatever their number: the event loop wakes up as often,"""
    edge_database_ms_s: float
    """of PostgreSQL for one without,"""
    edge_writes_s: float
    """and transactions that write."""
    notice_database_ms: float
    """Of PostgreSQL for a notice,"""
    heard_database_ms: float
    """more for each server that hears it,"""
    heard_edge_ms: float
    """and of that server."""
    edge_mib: float
    session_mib: float
    lone_commits_s: float
    """Transactions a second that PostgreSQL makes durable for one connection, one after the other,"""
    commits_s: float
    """and for many at the same time."""


def costs(runs: Sequence[Run], *, command: str, machine: Machine, lone_commits_s: float, commits_s: float) -> Costs:
    """What the runs have cost, on average. Engines' costs are those of the runs with real engines, if there are any,
    all others of the runs with stubs."""
    stubs = [run for run in runs if not run.replicas]
    real = [run for run in runs if run.replicas] or stubs

    def turn(counter: str, scale: float, of: Sequence[Run] = stubs) -> float:
        return statistics.fmean(Measure("", counter, scale).of(run) for run in of)

    def idle(counter: str, scale: float = 1.0) -> float:
        return scale * statistics.fmean(getattr(run.idle, counter) / run.idle.seconds / run.edges for run in stubs)

    noticed = [(run, _of_notices(run, run.noticed)) for run in stubs if run.noticed is not None]
    # The connection that sends hears them too.
    database = fitted(
        [(run.edges + 1, 1000 * (used.database_cpu_s + used.sender_cpu_s) / run.notices) for run, used in noticed]
    )
    sessions = [(run.talking_edge_mib - run.edge_mib) / (run.sessions / run.edges) for run in stubs]
    turn_s = statistics.fmean(run.turn_s for run in stubs)
    base, session_ms_s = _edge_costs(stubs)
    return Costs(
        command=command,
        machine=machine,
        load=max(run.load for run in runs),
        turn_s=turn_s,
        turn_edge_ms=session_ms_s * turn_s,
        turn_database_ms=turn("database_cpu_s", 1000),
        turn_engine_ms=turn("engine_cpu_s", 1000, real),
        # Those with a notice are counted with the servers, of which they are.
        turn_writes=statistics.fmean((run.of_turns.writes - run.of_turns.notices) / run.turns for run in stubs),
        turn_database_kb=turn("database_bytes", 0.001),
        turn_client_kb=turn("client_bytes", 0.001),
        turn_engine_kb=turn("engine_bytes", 0.001, real),
        turn_model_kb=turn("model_bytes", 0.001),
        edge_idle_ms_s=idle("edge_cpu_s", 1000),
        edge_talking_ms_s=base,
        edge_database_ms_s=idle("database_cpu_s", 1000),
        edge_writes_s=idle("writes"),
        notice_database_ms=database.at,
        heard_database_ms=max(0.0, database.slope),
        heard_edge_ms=statistics.fmean(1000 * used.edge_cpu_s / run.notices / run.edges for run, used in noticed),
        edge_mib=statistics.fmean(run.edge_mib for run in stubs),
        session_mib=statistics.fmean(sessions),
        lone_commits_s=lone_commits_s,
        commits_s=commits_s,
    )


def _edge_costs(runs: Sequence[Run]) -> tuple[float, float]:
    """What a server with sessions costs each second, and each of its sessions more, in ms. The servers of all runs of
    one density count once, so that the line goes through few sessions and many."""
    by_density: dict[float, list[float]] = {}
    for run in runs:
        used = 1000 * run.of_turns.edge_cpu_s / run.talk.seconds / run.edges
        by_density.setdefault(run.sessions / run.edges, []).append(used)
    points = [(density, statistics.fmean(used)) for density, used in by_density.items()]
    line = fitted(points)
    if len(points) == 1 or line.at < 0:
        return 0.0, sum(used for _, used in points) / sum(density for density, _ in points)
    return line.at, line.slope


def _of_notices(run: Run, noticed: Counters) -> Counters:
    return noticed.plus(run.idle, -noticed.seconds / run.idle.seconds)
