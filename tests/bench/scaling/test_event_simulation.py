"""The event simulation agrees with what is known of queues in closed form."""

import math

import msgspec
import pytest

from bench.scaling.event_simulation import Station, Visit, installation, simulate
from bench.scaling.sizing import Machines, loads
from tests.bench.scaling.given import COSTS

LONG_S = 2000.0


def repairmen(sessions: int, cores: int, think_ms: float, work_ms: float) -> float:
    """Turns a second of sessions that think and then need one of the cores (the machine repairman model, M/M/c//N)."""
    offered = work_ms / think_ms
    weights = [1.0]
    for waiting in range(1, sessions + 1):
        weights.append(weights[-1] * (sessions - waiting + 1) * offered / min(waiting, cores))
    shares = [weight / math.fsum(weights) for weight in weights]
    return 1000 / work_ms * math.fsum(share * min(number, cores) for number, share in enumerate(shares))


@pytest.mark.parametrize(("sessions", "cores"), [(5, 1), (20, 2), (40, 4), (60, 4)])
def test_the_rate_of_turns_is_that_of_the_repairman_model(sessions: int, cores: int) -> None:
    seen = simulate([Station("cores", cores)], [Visit(0, 100.0)], 900.0, sessions, LONG_S)
    assert seen.turns_s == pytest.approx(repairmen(sessions, cores, 900.0, 100.0), rel=0.03)


def test_it_keeps_littles_law_and_the_utilisation_law() -> None:
    stations = [Station("servers", 1, 3), Station("engines", 2)]
    visits = [Visit(0, 40.0), Visit(1, 120.0), Visit(0, 40.0), Visit(1, 60.0, awaited=False)]
    seen = simulate(stations, visits, 1500.0, 18, LONG_S)
    assert seen.turns_s * (1.5 + seen.response_ms / 1000) == pytest.approx(18, rel=0.03)
    assert seen.busy["servers"] == pytest.approx(seen.turns_s * 0.080 / 3, rel=0.03)
    assert seen.busy["engines"] == pytest.approx(seen.turns_s * 0.180 / 2, rel=0.03)
    assert seen.response_ms == pytest.approx(200 + seen.wait_ms, rel=0.03)


def test_more_sessions_wait_longer_and_the_rate_stays_below_that_of_the_bottleneck() -> None:
    stations, visits = [Station("servers", 4), Station("engines", 2)], [Visit(0, 50.0), Visit(1, 200.0)]
    seen = [simulate(stations, visits, 1000.0, sessions, 400.0) for sessions in (2, 8, 16, 32, 64)]
    assert [each.wait_ms for each in seen] == sorted(each.wait_ms for each in seen)
    assert all(each.turns_s < 1.03 * 2 / 0.200 for each in seen)
    assert seen[-1].busy["engines"] > 0.99


def test_the_same_seed_gives_the_same_result() -> None:
    stations, visits = [Station("cores", 2)], [Visit(0, 100.0)]
    assert simulate(stations, visits, 500.0, 7, 50.0) == simulate(stations, visits, 500.0, 7, 50.0)
    assert simulate(stations, visits, 500.0, 7, 50.0) != simulate(stations, visits, 500.0, 7, 50.0, seed=2)


def test_an_installation_is_as_busy_in_the_simulation_as_in_the_sizing() -> None:
    machines = Machines(servers=1, engines=1, limited_tokens=False)
    costs = msgspec.structs.replace(COSTS, edge_database_ms_s=0.0, edge_idle_ms_s=0.0)
    stations, visits, think_ms = installation(costs, machines)
    seen = simulate(stations, visits, think_ms, 100, 400.0)
    shares = {str(resource): share for resource, share in loads(costs, machines, 100).items()}
    assert seen.turns_s == pytest.approx(100 / costs.turn_s, rel=0.03)
    assert seen.busy == pytest.approx({name: shares[name] for name in seen.busy}, rel=0.05)
