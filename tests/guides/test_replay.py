"""The example of docs/guides/replay.md prints what the guide says."""

import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kouyu.cli.main import main
from tests.guides.blocks import files_of

ROOT = Path(__file__).parents[2]
BLOCKS = files_of("replay.md")


def printed(command: str) -> str:
    program, *arguments = shlex.split(command)
    assert program == "kouyu"
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def is_as_said(output: str, said: str) -> bool:
    """Whether the output is what the guide says; … stands for anything."""
    pattern = ".*?".join(re.escape(piece) for piece in said.split("…"))
    return re.fullmatch(pattern, output, re.DOTALL) is not None


def test_the_commands_print_what_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "tests" / "recording" / "hard_turns", tmp_path / "tests" / "recording" / "hard_turns")
    monkeypatch.chdir(tmp_path)
    assert is_as_said(printed(BLOCKS["explain"]), BLOCKS["explained"])
    assert is_as_said(printed(BLOCKS["write"]), BLOCKS["written"])
    test = runpy.run_path(str(tmp_path / "tests" / "faults" / "test_cough.py"))
    with pytest.raises(AssertionError):
        test["test_cough"]()
