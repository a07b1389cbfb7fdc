"""What a user, a model or another server wrote does not control the terminal of whoever runs a command."""

import io
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.table import Table
from rich.text import Text

from kouyu.cli import saying
from kouyu.cli.main import main
from kouyu.cli.replay import replay
from kouyu.cli.safe_console import SafeConsole
from tests.recording.recorded_simulation import RecordedSimulation

HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold]yes[/bold]\x9b1m"
SHOWN = r"\x1b]0;owned\x07\x1b[2J[bold]yes[/bold]\x9b1m"


@pytest.fixture
def record(tmp_path: Path) -> Path:
    talk = RecordedSimulation()
    talk.write(f"What\n{HOSTILE}")
    talk.wait(3)
    path = tmp_path / "talk.kyrec"
    talk.written(path)
    return path


def test_an_explained_turn_shows_it_on_the_line_of_its_fact(record: Path) -> None:
    printed = CliRunner().invoke(replay, [str(record), "--explain"]).output
    assert rf"What\n{SHOWN}" in printed
    assert not {"\x1b", "\x07", "\x9b"} & set(printed)


def test_errors_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def broken() -> None:
        raise click.ClickException(f"the model said: {HOSTILE}")

    monkeypatch.setattr(main, "get_command", lambda *_: broken)
    done = CliRunner().invoke(main, ["token"])
    assert (done.exit_code, done.output) == (1, f"Error: the model said: {SHOWN}\n")


def test_tables_and_texts_show_it(capsys: pytest.CaptureFixture[str]) -> None:
    printed = io.StringIO()
    console = SafeConsole(file=printed, force_terminal=True, width=200, color_system="truecolor")
    table = Table("answer")
    table.add_row(HOSTILE)
    for what in (table, HOSTILE):
        console.print(what, highlight=False)
        assert SHOWN in printed.getvalue()
        printed.truncate(0)
    console.print(Text(HOSTILE, style="bold red"))
    assert SHOWN.replace(r"\x07", "") in printed.getvalue(), "rich leaves the bell out of its texts"
    console.print(Text("styles stay", style="bold"))
    assert "\x1b[1mstyles stay\x1b[0m" in printed.getvalue()
    saying.say(HOSTILE)
    assert capsys.readouterr().out == f"{SHOWN}\n"
