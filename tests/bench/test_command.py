"""`kouyu bench` as it is typed."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from kouyu.bench import latency
from kouyu.bench.modes import MODES
from kouyu.cli.main import main


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", *arguments])


def test_help_names_every_mode() -> None:
    shown = "".join(bench("latency", "--help").output.split())  # it breaks lines at hyphens
    assert all(name in shown for name in MODES)


def test_an_unknown_mode_is_refused_with_the_known_ones() -> None:
    result = bench("latency", "--mode", "free,singing")
    assert result.exit_code == 2
    assert "singing is not a mode" in result.output
    assert "push-held" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--token", "t"),
        ("--data-dir", "somewhere"),
        ("--url", "http://127.0.0.1:9", "--token", "t", "--fast-llm"),
        ("--url", "http://127.0.0.1:9", "--token", "t", "--config", __file__),
        ("--url", "http://127.0.0.1:9", "--token", "t", "--tier", "small"),
        ("--config", __file__, "--fast-llm"),
        ("--tier", "large"),
        ("--turns", "0"),
        ("--others", "-1"),
        ("--language", "xx"),
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments: tuple[str, ...]) -> None:
    assert bench("latency", *arguments).exit_code == 2


def test_a_server_that_is_not_there_is_reported_plainly(tmp_path: Path) -> None:
    result = bench("latency", "--url", "http://127.0.0.1:9", "--token", "t", "--turns", "1")
    assert result.exit_code == 1
    assert "Error" in result.output
    assert "Traceback" not in result.output


def test_without_a_token_it_says_where_it_looked(tmp_path: Path) -> None:
    result = bench("latency", "--url", "http://127.0.0.1:9", "--data-dir", str(tmp_path))
    assert result.exit_code == 1
    assert str(tmp_path / "token") in result.output.replace("\n", "")


def test_a_server_with_wrong_settings_is_reported_plainly(tmp_path: Path) -> None:
    config = tmp_path / "kouyu.toml"
    config.write_text("[server]\nprot = 1\n")
    result = bench("latency", "--config", str(config), "--turns", "1")
    assert result.exit_code == 1
    assert "prot" in result.output
    assert "Traceback" not in result.output


@pytest.mark.models
def test_a_real_server_is_measured_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "WARM_UP_TURNS", 0)
    figures, chart = tmp_path / "figures.json", tmp_path / "chart.svg"
    what = ("--turns", "1", "--mode", "push,generate,semantic", "--others", "1")
    result = bench("latency", *what, "--json", str(figures), "--plot", str(chart))
    assert result.exit_code == 0, result.output
    assert "first audio" in result.output
    assert "others who talk at the same time: 1" in result.output
    push, generate, semantic = json.loads(figures.read_text())["modes"]
    assert semantic["configuration"]["turn_detection"]["type"] == "semantic_vad"
    assert push["counted"] + push["misheard"] == 1
    assert generate["counted"] == 1
    measures = push["turns"][0]["measures"]
    assert list(measures) == ["transcript", "first text", "first audio"]
    assert 0 < measures["transcript"] <= measures["first text"] <= measures["first audio"]
    ElementTree.parse(chart)


@pytest.mark.models
def test_a_load_test_counts_sessions_and_answers(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    options = ("--stub-engines", "--step", "2", "--sessions-max", "2", "--seconds", "5", "--json", str(figures))
    result = bench("capacity", *options)
    assert result.exit_code == 0, result.output
    (level,) = json.loads(figures.read_text())["levels"]
    assert level["sessions"] == 2
    assert level["lost"] == 0
    # A busy machine ingests less in the time; it never ingests more than two people say at 50 frames a second.
    frames = level["ingest"]["count"]
    assert 0 < frames < 2 * 5 * 50 * 1.3
    assert level["server_memory_mib"] > 10
