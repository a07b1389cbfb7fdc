"""What a turn costs is what was used while clients talked, less what servers use without them."""

from collections.abc import Sequence

import msgspec
import pytest

from bench.scaling.costs import Costs, Run, costs, fitted, rows
from bench.scaling.report import summary, tables
from kouyu.bench.machine import this_machine
from tests.bench.scaling.given import counters, run

CPU = "servers' processor time, ms"


def test_what_servers_use_without_a_session_is_no_cost_of_a_turn() -> None:
    found = {row.name: row for row in rows([run(1), run(2), run(4)], "edges")}
    assert found[CPU].means == pytest.approx({1: 50.0, 2: 50.0, 4: 50.0})
    assert found["transactions that write"].means == pytest.approx({1: 4.0, 2: 4.0, 4: 4.0})
    assert all(row.is_same for row in found.values())


@pytest.mark.parametrize(("turns", "is_same"), [(100, True), (92, True), (89, False)])
def test_a_cost_that_grows_with_the_servers_by_more_than_a_tenth_is_seen(turns: int, is_same: bool) -> None:
    """Fewer turns for the same use: each of them costs more."""
    more = msgspec.structs.replace(run(4), turns=turns)
    row = next(row for row in rows([run(1), more], "edges") if row.name == CPU)
    assert row.is_same is is_same
    assert row.ratios[4] == pytest.approx(100 / turns)


def test_repeated_runs_count_with_their_mean_and_show_their_spread() -> None:
    other = run(2, talk=run(2).talk.plus(counters(edge_cpu_s=1.0)))  # 10 ms more of each of 100 turns
    row = next(row for row in rows([run(2), other], "edges") if row.name == CPU)
    assert row.means[2] == pytest.approx(55.0)
    assert row.spread[2] == pytest.approx((50.0, 60.0))


def test_what_was_not_measured_is_no_row() -> None:
    assert not [row for row in rows([run(1), run(2)], "edges") if "engines" in row.name]


def test_the_costs_of_a_notice_are_a_line_over_the_servers_that_hear_it() -> None:
    def noticed(edges: int) -> object:
        idle = run(edges).idle  # 10 s, of which half are in the 5 s of the notices
        return idle.plus(idle, -0.5).plus(
            counters(database_cpu_s=0.04 * edges, sender_cpu_s=0.34, edge_cpu_s=0.1 * edges)
        )

    runs = [run(edges, noticed=noticed(edges)) for edges in (1, 2, 4)]
    found = _costs(runs)
    assert found.notice_database_ms == pytest.approx(0.3)
    assert found.heard_database_ms == pytest.approx(0.04)
    assert found.heard_edge_ms == pytest.approx(0.1)
    assert found.turn_s == pytest.approx(2.0)
    assert found.session_mib == pytest.approx((2 + 4 + 8) / 3)
    assert "0.300 ms" in summary(found)


def test_what_a_server_costs_with_any_session_is_apart_from_what_each_session_costs() -> None:
    """100 ms of each second whatever the sessions, and 20 ms for each of them."""

    def talking(edges: int, sessions: int, *, dense: bool = False) -> Run:
        given = run(edges, sessions=sessions, dense=dense, noticed=counters())
        used = 20.0 * (0.010 * edges + 0.1 * edges + 0.02 * sessions)
        return msgspec.structs.replace(given, talk=counters(seconds=20.0, edge_cpu_s=used))

    found = _costs([talking(1, 5), talking(4, 20), talking(1, 50, dense=True)])
    assert found.edge_talking_ms_s == pytest.approx(100)
    assert found.turn_edge_ms == pytest.approx(20 * found.turn_s)
    of_one_density = _costs([talking(1, 5), talking(4, 20)])
    assert of_one_density.edge_talking_ms_s == 0
    assert of_one_density.turn_edge_ms == pytest.approx((20 + 100 / 5) * of_one_density.turn_s)


def _costs(runs: Sequence[Run]) -> Costs:
    return costs(runs, command="", machine=this_machine(), lone_commits_s=1, commits_s=1)


def test_a_line_through_one_size_is_level() -> None:
    assert fitted([(2, 3.0), (2, 5.0)]).slope == 0
    assert fitted([(2, 3.0), (2, 5.0)]).at == 4


def test_the_report_names_what_is_not_the_same() -> None:
    text = tables([run(1), msgspec.structs.replace(run(2), turns=50), run(1, replicas=1), run(1, replicas=2)])
    assert f"{CPU} (not within 10%)" in text
    assert text.count("not within") == 2  # transactions that write, too
    assert "| 2 processes of engines |" in text
