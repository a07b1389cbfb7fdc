import pytest

from kouyu.bench.statistics import summarise
from kouyu.bench.turn import Turn, stages


def test_no_values_have_no_summary() -> None:
    assert summarise([]) is None


def test_one_value_is_its_own_median_and_percentiles() -> None:
    summary = summarise([7.0])
    assert summary is not None
    assert (summary.count, summary.median, summary.p90, summary.p99, summary.worst) == (1, 7.0, 7.0, 7.0, 7.0)


def test_order_does_not_matter() -> None:
    assert summarise([3.0, 1.0, 2.0]) == summarise([1.0, 2.0, 3.0])


def test_percentiles_lie_where_they_should() -> None:
    summary = summarise([float(value) for value in range(101)])
    assert summary is not None
    assert (summary.median, summary.p90, summary.p99, summary.worst) == pytest.approx((50, 90, 99, 100))


def test_stages_are_the_times_between_the_events_and_add_up_to_the_last_one() -> None:
    measures = {"speech stopped": 600.0, "transcript": 610.0, "first audio": 1000.0}
    turn = Turn(question="q", measures=measures, outcome="counted")
    assert stages(turn) == {"speech stopped": 600.0, "transcript": 10.0, "first audio": 390.0}
    assert sum(stages(turn).values()) == 1000.0
