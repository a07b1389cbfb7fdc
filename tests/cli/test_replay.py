"""``kouyu replay`` on the command line."""

import runpy
import traceback
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from kouyu.cli.replay import DIFFERENT, replay
from kouyu.diagnostics.facts.record import TurnRecord
from kouyu.diagnostics.facts.user import Waveform
from kouyu.recording.audio_coding import coded
from kouyu.recording.frames import SILENCE, Audio
from kouyu.recording.record_file import read_record
from tests.recording.recorded_simulation import RecordedSimulation, interrupted
from tests.test_extras import run_light


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "talk.kyrec"
    interrupted(path)
    return path


def test_a_record_that_does_the_same_exits_with_0(file: Path) -> None:
    done = CliRunner().invoke(replay, [str(file)])
    assert (done.exit_code, ": the same (" in done.output) == (0, True)


def test_a_difference_exits_with_3_and_is_shown(tmp_path: Path) -> None:
    talk = RecordedSimulation()
    talk.write("What is it?")
    talk.wait(3)
    index = next(index for index, step in enumerate(talk.steps) if len(step.effects) > 1)
    talk.steps[index] = msgspec.structs.replace(talk.steps[index], effects=talk.steps[index].effects[:-1])
    path = tmp_path / "talk.kyrec"
    talk.written(path)
    done = CliRunner().invoke(replay, [str(path)])
    assert done.exit_code == DIFFERENT
    assert "Recorded: nothing" in done.output


def test_a_file_that_is_no_record_exits_with_1(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"RIFF")
    done = CliRunner().invoke(replay, [str(path)])
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {path}: it is no session record of kouyu")


def test_one_turn_can_be_explained(file: Path) -> None:
    done = CliRunner().invoke(replay, [str(file), "--explain", "--turn", "2"])
    assert done.output.startswith("Turn 2, ")
    assert "Turn 1, " not in done.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--anonymise"], "--anonymise does nothing without --save FILE or --as-test"),
        (["--turn", "1"], "--turn does nothing without --explain"),
        (["--never", "error"], "--expect or --never does nothing without --as-test"),
        (["--config", __file__], "--config does nothing without --with-engines"),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_an_option_that_would_have_no_effect_is_refused(file: Path, options: list[str], said: str) -> None:
    done = CliRunner().invoke(replay, [str(file), *options])
    assert (done.exit_code, said in done.output) == (2, True), done.output


def test_it_needs_nothing_of_the_extras(file: Path) -> None:
    done = run_light(f"from kouyu.cli.main import main; main(['replay', '--explain', {str(file)!r}])")
    assert (done.returncode, ": the same (" in done.stdout) == (0, True), done.stderr


def run_test(test: Path) -> str:
    """Run the one test of a file; return why it fails, "" if it passes."""
    try:
        runpy.run_path(str(test))[test.stem]()
    except AssertionError as error:
        return f"{error}" or traceback.format_exc()
    return ""


@pytest.mark.parametrize("anonymise", [[], ["--anonymise"]], ids=["as recorded", "anonymous"])
def test_a_fault_becomes_a_failing_test_in_one_step(file: Path, tmp_path: Path, anonymise: list[str]) -> None:
    test = tmp_path / "tests" / "test_cut_off.py"
    never = ["--never", "conversation.chat.canceled", "--from", "1", "--to", "4"]
    done = CliRunner().invoke(replay, [str(file), "--as-test", str(test), *never, *anonymise])
    assert done.exit_code == 0, done.output
    record = tmp_path / "tests" / "cut_off.kyrec"
    assert done.output.splitlines() == [
        f"Wrote {test} and {record}.",
        "The test fails with today's core, until the fault is mended.",
    ]
    assert 'replayed.sent("conversation.chat.canceled", from_s=1, to_s=4) == []' in run_test(test)
    assert (b"capital" in repr(read_record(record)).encode()) is not bool(anonymise)


def test_what_happens_anyway_makes_no_failing_test(file: Path, tmp_path: Path) -> None:
    test = tmp_path / "test_cut_off.py"
    done = CliRunner().invoke(replay, [str(file), "--as-test", str(test), "--expect", "conversation.chat.canceled"])
    assert done.exit_code == 1
    assert "the test passes with today's core" in done.output
    assert run_test(test) == ""


def test_without_a_difference_a_test_needs_an_expectation(file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(replay, [str(file), "--as-test", str(tmp_path / "test_x.py")])
    assert (done.exit_code, "--expect EVENT or --never EVENT" in done.output) == (1, True)
    assert not (tmp_path / "test_x.py").exists()


def test_a_difference_becomes_a_test_that_compares(tmp_path: Path) -> None:
    talk = RecordedSimulation()
    talk.write("What is it?")
    talk.wait(3)
    index = next(index for index, step in enumerate(talk.steps) if len(step.effects) > 1)
    talk.steps[index] = msgspec.structs.replace(talk.steps[index], effects=talk.steps[index].effects[:-1])
    talk.written(tmp_path / "talk.kyrec")
    test = tmp_path / "test_other.py"
    done = CliRunner().invoke(replay, [str(tmp_path / "talk.kyrec"), "--as-test", str(test)])
    assert done.exit_code == 0, done.output
    assert "Recorded: nothing" in run_test(test)


@pytest.mark.parametrize(
    ("name", "said"), [("cut_off.py", "is no name of a test file"), ("test_x.py", "exists already")]
)
def test_a_test_needs_a_name_of_its_own(file: Path, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "x.kyrec").touch()
    command = [str(file), "--as-test", str(tmp_path / name), "--never", "error"]
    done = CliRunner().invoke(replay, command)
    assert (done.exit_code, said in done.output) == (1, True)


def test_an_anonymous_record_can_be_saved_to_be_sent(file: Path, tmp_path: Path) -> None:
    saved = tmp_path / "anonymous.kyrec"
    assert CliRunner().invoke(replay, [str(file), "--anonymise", "--save", str(saved)]).exit_code == 0
    assert "capital" not in repr(read_record(saved).steps)
    assert CliRunner().invoke(replay, [str(saved)]).exit_code == 0


def test_the_turns_are_written_as_the_page_opens_them(tmp_path: Path) -> None:
    path = tmp_path / "talk.kyrec"
    second = 16_000
    loud = np.full(second, 0.5, np.float32)
    talk = RecordedSimulation()
    talk.free_talk()
    talk.speak(1000)
    talk.silence(2000)
    talk.written(path, [coded(loud, 0), Audio(second, 2 * second, SILENCE)])
    done = CliRunner().invoke(replay, [str(path), "--open"])
    assert done.exit_code == 0, done.output
    written = tmp_path / "talk.turns.json"
    assert written.stat().st_mode & 0o777 == 0o600
    (turn,) = msgspec.json.decode(written.read_bytes(), type=list[TurnRecord])
    assert turn.format == "kouyu.turn"
    peaks = [peak for fact in turn.facts if isinstance(fact, Waveform) for peak in fact.peaks]
    assert (max(peaks), min(peaks)) == (0.5, 0.0)
