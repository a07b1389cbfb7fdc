"""locks/install.py: what `make run` shows while pip installs."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "locks" / "install.py"
PIP_SAID = """Ignoring colorama: markers 'sys_platform == "win32"' don't match your environment
Requirement already satisfied: idna==3.11 in /x (from -r locks/run.txt (line 1))
Collecting onnxruntime==1.32.0 (from -r locks/run.txt (line 1045))
  Downloading onnxruntime-1.32.0-cp313-cp313-manylinux_2_28_x86_64.whl (27.8 MB)
Collecting av==19.0.2 (from -r locks/run.txt (line 33))
  Using cached av-19.0.2-cp312-abi3-manylinux_2_28_x86_64.whl (35.0 MB)
Installing collected packages: onnxruntime, av
Successfully installed av-19.0.2 onnxruntime-1.32.0
""".splitlines(keepends=True)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock_install", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_package_that_is_fetched_is_named_with_its_size_and_place(script: ModuleType) -> None:
    assert list(script.progress(PIP_SAID, 97)) == [
        "3 of 97: onnxruntime-1.32.0 (27.8 MB)",
        "4 of 97: av-19.0.2 (35.0 MB)",
        "unpacking 2 packages",
    ]


def test_a_terminal_is_left_with_an_empty_line(script: ModuleType) -> None:
    written: list[str] = []
    script.show(["1 of 2: a-1 (1 MB)", "unpacking 2 packages"], written.append, terminal=True)
    assert [text.strip() for text in written] == ["1 of 2: a-1 (1 MB)", "unpacking 2 packages", ""]
    assert len({len(text) for text in written}) == 1
    assert not any("\n" in text for text in written)


def test_a_log_is_told_in_lines_what_takes_long(script: ModuleType) -> None:
    written: list[str] = []
    script.show(["1 of 2: a-1 (1 MB)", "unpacking 2 packages"], written.append, terminal=False)
    assert written[-1] == "  unpacking 2 packages\n"


def test_pip_s_refusal_is_shown_and_its_exit_status_kept(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("./nowhere-1.0-py3-none-any.whl --hash=sha256:00\n", encoding="utf-8")
    done = subprocess.run([sys.executable, SCRIPT, str(lock)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nowhere" in done.stderr
