"""What a machine says of itself."""

import os
import sys
from pathlib import Path

import pytest

from kouyu.agents.embedded import machine

GIB = 1 << 30


def test_the_limit_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    unlimited = machine.free_memory_mib()
    (tmp_path / "memory.current").write_text(f"{GIB // 2}\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.free_memory_mib() == pytest.approx(unlimited, rel=0.5)
    (tmp_path / "memory.max").write_text(f"{GIB // 2 + 50 * (1 << 20)}\n")
    assert machine.free_memory_mib() == 50
    (tmp_path / "memory.max").write_text(f"{GIB // 4}\n")
    assert machine.free_memory_mib() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_processor_time_of_a_process_grows_with_its_work() -> None:
    before = machine.processor_time_s(os.getpid())
    sum(range(2_000_000))
    after = machine.processor_time_s(os.getpid())
    assert before is not None
    assert after is not None
    assert after > before


def test_a_process_that_is_gone_has_no_processor_time() -> None:
    assert machine.processor_time_s(None) is None
    assert machine.processor_time_s(2**22 + 1) is None


def test_the_identity_names_processor_cores_and_llama_cpp() -> None:
    assert "cores" in machine.machine_identity()
    assert "xllamacpp" in machine.machine_identity()
