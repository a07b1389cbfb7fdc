"""How much of each resource a number of sessions needs, and which one is the first that does not suffice.

By the utilisation law: what is used of a resource is the rate of the work times the work's cost, whatever the arrivals
and service times are distributed like. The rate is one turn a session in ``turn_s``; servers, which cost something
without sessions too, are counted with what each of them costs the database and each other.
"""

import math
from typing import Final, Literal, TypeAlias

import msgspec

from bench.scaling.costs import Costs
from kouyu.domain.ids import MOST_SERVERS
from kouyu.server.access.shared_use import pause_s
from kouyu.store.servers import RENEW_S

Resource: TypeAlias = Literal[
    "cores of servers",
    "cores of engines",
    "cores of PostgreSQL",
    "commits",
    "commits with a notice",
    "commits under the lock of servers",
    "connections of PostgreSQL",
    "numbers of servers",
    "memory of servers",
    "network of a server",
    "network of PostgreSQL",
]
OF_ONE_DATABASE: Final = frozenset[Resource](
    (
        "commits",
        "commits with a notice",
        "commits under the lock of servers",
        "numbers of servers",
        "network of PostgreSQL",
    )
)
"""What more cores of PostgreSQL do not enlarge, nor more machines."""
CONNECTIONS_KEPT: Final = 3
"""superuser_reserved_connections of PostgreSQL."""
_KB_OF_MBIT: Final = 125.0


class Machines(msgspec.Struct, frozen=True, kw_only=True):
    """What there is. The numbers of machines are where the sizing begins."""

    servers: int = 1
    server_cores: int = 4
    """Of a machine with servers; a process of `kouyu serve` uses one of them."""
    server_memory_mib: float = 16_384
    engines: int = 1
    engine_cores: int = 16
    database_cores: int = 8
    max_connections: int = 100
    """Of PostgreSQL; its default."""
    connections_of_process: int = 6
    """readers of [store] (4), the writer, and LISTEN."""
    limited_tokens: bool = True
    """Whether tokens have limits that are used all the time: then each process tells the others as often as it may.
    Else there are hardly any notices."""
    network_mbit: float = 1000
    """Of each machine."""
    limit: float = 0.7
    """Of any resource: what is used beyond it makes users wait."""

    @property
    def processes(self) -> int:
        """Processes of `kouyu serve`."""
        return self.servers * self.server_cores


def loads(costs: Costs, machines: Machines, sessions: int) -> dict[Resource, float]:
    """The share of each resource that is used; above 1: it does not suffice. Sessions are spread evenly."""
    turns_s = sessions / costs.turn_s
    processes = machines.processes
    notices_s = processes / pause_s(processes) if machines.limited_tokens else 0.0
    heard_s = notices_s * processes  # each process hears those of all
    edge_ms_s = turns_s * costs.turn_edge_ms + processes * costs.edge_idle_ms_s + heard_s * costs.heard_edge_ms
    database_ms_s = (
        turns_s * costs.turn_database_ms
        + processes * costs.edge_database_ms_s
        + notices_s * costs.notice_database_ms
        + heard_s * costs.heard_database_ms
    )
    writes_s = turns_s * costs.turn_writes + processes * costs.edge_writes_s + notices_s
    server_kb_s = turns_s / machines.servers * (
        costs.turn_client_kb + costs.turn_database_kb + costs.turn_engine_kb + costs.turn_model_kb
    )  # fmt: skip
    memory = sessions * costs.session_mib + processes * costs.edge_mib
    wire = machines.network_mbit * _KB_OF_MBIT
    return {
        "cores of servers": edge_ms_s / (1000 * processes),
        "cores of engines": turns_s * costs.turn_engine_ms / (1000 * machines.engines * machines.engine_cores),
        "cores of PostgreSQL": database_ms_s / (1000 * machines.database_cores),
        "commits": writes_s / costs.commits_s,
        "commits with a notice": notices_s / costs.lone_commits_s,  # PostgreSQL has one lock for them
        "commits under the lock of servers": processes / RENEW_S / costs.lone_commits_s,  # FailAbandoned
        "connections of PostgreSQL": processes
        * machines.connections_of_process
        / (machines.max_connections - CONNECTIONS_KEPT)
        * machines.limit,  # they may be used up, unlike a rate
        "numbers of servers": processes / MOST_SERVERS * machines.limit,
        "memory of servers": memory / (machines.servers * machines.server_memory_mib),
        "network of a server": server_kb_s / wire,
        "network of PostgreSQL": turns_s * costs.turn_database_kb / wire,
    }


def first_bottleneck(shares: dict[Resource, float]) -> Resource:
    """The resource of which the largest share is used."""
    return max(shares, key=lambda resource: shares[resource])


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What a number of sessions needs."""

    sessions: int
    turns_s: float
    before: tuple[Resource, float]
    """The first bottleneck of the machines of the step before, and its share."""
    grown: tuple[Resource, ...]
    """What had to grow, in the order in which it was in the way."""
    beyond: tuple[Resource, ...]
    """What does not suffice, and that more machines do not give: of one PostgreSQL there is one."""
    machines: Machines
    """Those that suffice but for that."""
    shares: dict[Resource, float]
    """Of these."""


def steps(costs: Costs, machines: Machines, numbers: tuple[int, ...]) -> list[Step]:
    """Let the machines grow with the numbers of sessions: the first bottleneck first, until all suffices."""
    found = []
    for sessions in numbers:
        shares = loads(costs, machines, sessions)
        first = first_bottleneck(shares)
        before = (first, shares[first])
        grown: list[Resource] = []
        while short := _beyond(shares, machines, growing=True):
            resource = first_bottleneck(short)
            if resource not in grown:
                grown.append(resource)
            machines = enlarged(machines, resource, shares[resource])
            shares = loads(costs, machines, sessions)
        step = Step(
            sessions=sessions,
            turns_s=sessions / costs.turn_s,
            before=before,
            grown=tuple(grown),
            beyond=tuple(_beyond(shares, machines, growing=False)),
            machines=machines,
            shares=shares,
        )
        found.append(step)
    return found


def _beyond(shares: dict[Resource, float], machines: Machines, *, growing: bool) -> dict[Resource, float]:
    """What is used beyond the limit, of the resources that can grow, or of the others."""
    return {
        resource: share
        for resource, share in shares.items()
        if share > machines.limit * (1 + 1e-9) and (resource not in OF_ONE_DATABASE) == growing
    }


def enlarged(machines: Machines, resource: Resource, share: float) -> Machines:
    """More of this resource, of which this share is used: at least one machine or core, or a hundred connections."""
    factor = share / machines.limit

    def more(number: int, by: int = 1) -> int:
        return max(number + by, math.ceil(number * factor / by - 1e-9) * by)

    match resource:
        case "cores of servers" | "memory of servers" | "network of a server":
            return msgspec.structs.replace(machines, servers=more(machines.servers))
        case "cores of engines":
            return msgspec.structs.replace(machines, engines=more(machines.engines))
        case "cores of PostgreSQL":
            return msgspec.structs.replace(machines, database_cores=more(machines.database_cores))
        case "connections of PostgreSQL":
            return msgspec.structs.replace(machines, max_connections=more(machines.max_connections, 100))
        case _:
            raise ValueError(f"there is one PostgreSQL: {resource} cannot grow")
