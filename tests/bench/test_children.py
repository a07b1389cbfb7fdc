"""What is said of a server that breaks down under a benchmark."""

from pathlib import Path

import pytest

from kouyu.bench.children import ChildBroke, own_server
from kouyu.bench.received import ConnectionLost

_READY = """
import sys
print('{"http": "http://127.0.0.1:9", "token": "t"}', flush=True)
sys.stderr.write("first\\nthe disk is full\\n")
sys.stderr.flush()
"""
_EXITS = _READY + "sys.stdin.readline(); sys.exit(3)"
_IS_KILLED = _READY + "import os, signal; sys.stdin.readline(); os.kill(os.getpid(), signal.SIGKILL)"
_STAYS = _READY + "import time; time.sleep(60)"


async def benchmark(folder: Path, program: str, fault: Exception) -> None:
    """Something that goes wrong in the middle of a benchmark of ``program``."""
    (folder / "told_server.py").write_text(program)
    async with own_server(folder, "told_server") as (_, process):
        assert process.stdin is not None
        process.stdin.write(b"\n")
        raise fault


async def note(folder: Path, program: str, fault: Exception) -> str:
    """What the fault says beside its own words."""
    with pytest.raises(type(fault)) as caught:
        await benchmark(folder, program, fault)
    return "\n".join(getattr(caught.value, "__notes__", ()))


@pytest.mark.parametrize("fault", [ConnectionLost("gone"), ChildBroke("gone")])
async def test_the_log_of_a_server_that_ended_is_reported(tmp_path: Path, fault: Exception) -> None:
    told = await note(tmp_path, _EXITS, fault)
    assert "status 3" in told
    assert "the disk is full" in told


async def test_a_signal_that_ended_the_server_is_named(tmp_path: Path) -> None:
    assert "signal 9 (Killed)" in await note(tmp_path, _IS_KILLED, ConnectionLost("gone"))


async def test_a_server_that_still_runs_is_said_to(tmp_path: Path) -> None:
    told = await note(tmp_path, _STAYS, ConnectionLost("gone"))
    assert "still runs" in told
    assert "the disk is full" in told


async def test_other_faults_stay_as_they_are(tmp_path: Path) -> None:
    assert await note(tmp_path, _EXITS, ValueError("mine")) == ""
