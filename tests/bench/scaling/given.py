"""Costs and runs for the tests, with round numbers."""

from typing import Any

import msgspec

from bench.scaling.costs import Costs, Run
from bench.scaling.counters import Counters
from kouyu.bench.machine import this_machine


def counters(**used: float) -> Counters:
    """What was used; nothing where it is not said."""
    return Counters(**{name: used.get(name, 0.0) for name in Counters.__struct_fields__})


def run(edges: int, *, turns: int = 100, **changes: Any) -> Run:
    """A run of 20 s with 10 sessions, in which a turn costs 50 ms of the servers, and a server 10 ms/s without any."""
    idle = counters(seconds=10.0, edge_cpu_s=0.1 * edges, writes=3.0 * edges)
    talk = counters(seconds=20.0, edge_cpu_s=0.2 * edges + 0.05 * turns, writes=6.0 * edges + 4 * turns)
    given = Run(
        edges=edges,
        replicas=0,
        sessions=10,
        dense=False,
        idle=idle,
        noticed=None,
        notices=1000,
        talk=talk,
        turns=turns,
        unanswered=0,
        answer_ms=400.0,
        edge_mib=200.0,
        talking_edge_mib=220.0,
        database_mib=100.0,
        load=1.0,
    )
    return msgspec.structs.replace(given, **changes)


COSTS = Costs(
    command="python -m bench.scaling.run",
    machine=this_machine(),
    load=1.0,
    turn_s=5.0,
    turn_edge_ms=50.0,
    turn_database_ms=5.0,
    turn_engine_ms=400.0,
    turn_writes=4.0,
    turn_database_kb=20.0,
    turn_client_kb=300.0,
    turn_engine_kb=150.0,
    turn_model_kb=10.0,
    edge_idle_ms_s=10.0,
    edge_talking_ms_s=0.0,
    edge_database_ms_s=1.0,
    edge_writes_s=0.7,
    notice_database_ms=0.5,
    heard_database_ms=0.02,
    heard_edge_ms=0.1,
    edge_mib=200.0,
    session_mib=1.0,
    lone_commits_s=1000.0,
    commits_s=10_000.0,
)
"""A session uses 1 % of a core of a server, 8 % of one of engines, and 0.1 % of one of PostgreSQL."""
