"""Folders of saved prompts do not outlive their process."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kouyu.agents.prompt_folder import open_prompt_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_process_left_is_deleted_and_what_others_use_stays(temporary: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    left = temporary / f"kouyu-prompts-{gone.pid}-abc"
    left.mkdir()
    (left / "slot").write_bytes(b"x")
    unrelated = temporary / "kouyu-prompts-of-mine"
    unrelated.mkdir()
    with open_prompt_folder() as in_use, open_prompt_folder() as mine:
        assert not left.exists()
        assert unrelated.exists()
        assert Path(in_use).exists()
        assert Path(mine).exists()
    assert not Path(mine).exists()
