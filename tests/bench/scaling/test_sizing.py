"""The sizing keeps the laws of what machines do."""

import itertools

import msgspec
import pytest

from bench.scaling.sizing import OF_ONE_DATABASE, Machines, first_bottleneck, loads, steps
from kouyu.domain.ids import MOST_SERVERS
from kouyu.server.access.shared_use import MOST_NOTICES_S
from tests.bench.scaling.given import COSTS

NUMBERS = (10, 30, 100, 300, 1000, 3000, 10_000)
MACHINES = Machines()


def test_the_share_of_the_cores_is_the_rate_of_turns_times_their_cost() -> None:
    shares = loads(COSTS, MACHINES, 100)
    assert shares["cores of engines"] == pytest.approx(100 / 5.0 * 0.4 / 16)
    assert shares["cores of servers"] == pytest.approx((100 / 5.0 * 0.05 + 4 * 0.010) / 4, rel=0.01)


def test_more_sessions_use_no_less_of_anything() -> None:
    before = loads(COSTS, MACHINES, 1)
    for sessions in NUMBERS:
        now = loads(COSTS, MACHINES, sessions)
        assert all(now[resource] >= before[resource] for resource in now)
        before = now


def test_the_first_bottleneck_is_what_the_sessions_of_these_machines_need_most() -> None:
    assert first_bottleneck(loads(COSTS, MACHINES, 300)) == "cores of engines"
    free = msgspec.structs.replace(COSTS, turn_engine_ms=0.0)
    assert first_bottleneck(loads(free, MACHINES, 300)) == "cores of servers"
    many = msgspec.structs.replace(MACHINES, servers=20, engines=200)
    assert first_bottleneck(loads(COSTS, many, 300)) == "connections of PostgreSQL"


def test_at_each_step_what_has_grown_suffices_and_less_of_it_would_not() -> None:
    for step in steps(COSTS, MACHINES, NUMBERS):
        limit = step.machines.limit
        assert all(share <= limit * 1.001 or resource in step.beyond for resource, share in step.shares.items()), (
            step.sessions
        )
        assert set(step.beyond) <= OF_ONE_DATABASE
        if "cores of engines" in step.grown:
            fewer = msgspec.structs.replace(step.machines, engines=step.machines.engines - 1)
            assert loads(COSTS, fewer, step.sessions)["cores of engines"] > limit
        if step.grown:
            assert step.before[1] > limit


def test_machines_never_become_fewer_and_a_step_that_fits_changes_nothing() -> None:
    found = steps(COSTS, MACHINES, (10, 11, *NUMBERS[1:]))
    assert found[1].grown == ()
    assert found[1].machines == found[0].machines
    for before, after in itertools.pairwise(found):
        for field in ("servers", "engines", "database_cores", "max_connections"):
            assert getattr(after.machines, field) >= getattr(before.machines, field)


def test_ten_times_the_sessions_need_ten_times_the_engines() -> None:
    by_sessions = {step.sessions: step.machines for step in steps(COSTS, MACHINES, NUMBERS)}
    assert by_sessions[10_000].engines == pytest.approx(10 * by_sessions[1000].engines, abs=9)


def test_what_one_database_cannot_do_is_said_and_does_not_end_the_sizing() -> None:
    slow = msgspec.structs.replace(COSTS, commits_s=1000.0)
    found = {step.sessions: step for step in steps(slow, MACHINES, NUMBERS)}
    assert found[300].beyond == ()  # 4 writes in 5 s each: 240 a second
    assert found[1000].beyond == found[10_000].beyond == ("commits",)
    assert found[10_000].machines.engines > found[1000].machines.engines


def test_all_servers_together_tell_each_other_of_limits_only_so_often() -> None:
    def notices_s(servers: int) -> float:
        machines = msgspec.structs.replace(MACHINES, servers=servers)
        return loads(COSTS, machines, 0)["commits with a notice"] * COSTS.lone_commits_s

    assert notices_s(5) == 5 * MACHINES.server_cores
    assert notices_s(25) == notices_s(50) == MOST_NOTICES_S
    unlimited = msgspec.structs.replace(MACHINES, servers=50, limited_tokens=False)
    assert loads(COSTS, unlimited, 0)["commits with a notice"] == 0


def test_there_are_no_more_servers_than_numbers_for_them() -> None:
    shares = loads(COSTS, Machines(servers=MOST_SERVERS, server_cores=1), 0)
    assert shares["numbers of servers"] == pytest.approx(MACHINES.limit)
    assert "numbers of servers" in steps(COSTS, Machines(max_connections=10_000), (100_000,))[0].beyond
