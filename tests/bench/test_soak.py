"""A long run in short."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kouyu.bench import soak
from kouyu.bench.heap import Heap
from kouyu.bench.machine import this_machine
from kouyu.bench.soak_report import Moment, SoakReport, Stage
from kouyu.cli.main import main


def moment(stage: Stage, minute: float, own_private_mib: float) -> Moment:
    return Moment(
        stage=stage,
        minute=minute,
        sessions=1,
        memory_mib=own_private_mib + minute,
        own_memory_mib=own_private_mib + 1,
        own_private_mib=own_private_mib,
        heap=Heap(used_mib=5.0, free_mib=1.0, objects=100),
        tasks=10,
        threads=5,
        open_files=20,
    )


def report(*moments: Moment) -> SoakReport:
    return SoakReport(
        machine=this_machine(),
        load_at_end=(0.0, 0.0, 0.0),
        stub_engines=True,
        minutes=10,
        sessions=1,
        turns_of_a_connection=1,
        connections=1,
        lost=0,
        unanswered=0,
        answers=None,
        moments=list(moments),
        log="",
    )


def test_growth_is_that_after_the_warm_up() -> None:
    steady = [moment("talking", minute, 100 + minute / 2) for minute in range(3, 10)]
    warmed = [moment("start", 0, 10), moment("talking", 1, 80), moment("warm", 2, 101)]
    after = [moment("end", 10, 105), moment("afterwards", 10.1, 60)]
    assert report(*warmed, *steady, *after).growth_mib_per_hour == pytest.approx(30)


def test_a_run_that_broke_off_has_no_growth() -> None:
    assert report(moment("start", 0, 10), moment("warm", 2, 101)).growth_mib_per_hour == 0


@pytest.mark.models
def test_clients_hang_up_and_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "AFTERWARDS_S", 1.0)
    figures = tmp_path / "soak.json"
    options = ("--minutes", "0.1", "--sessions", "2", "--turns", "1", "--stub-engines", "--json", str(figures))
    result = CliRunner().invoke(main, ["bench", "soak", *options])
    assert result.exit_code == 0, result.output
    assert "clients gone" in result.output
    told = json.loads(figures.read_text())
    assert told["lost"] == 0
    assert told["connections"] >= 2
    first, *_, last = told["moments"]
    assert first["stage"] == "start"
    assert last["stage"] == "afterwards"
    assert last["sessions"] == 0
    assert last["memory_mib"] > last["own_private_mib"] > 10
    assert last["heap"]["used_mib"] > 1
    assert first["heap"]["objects"] < last["heap"]["objects"]
    assert all(one["threads"] > 0 and one["open_files"] > 0 and one["tasks"] > 0 for one in told["moments"])
