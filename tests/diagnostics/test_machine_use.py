"""What is measured of the machine, and of the processes that the server has started."""

import subprocess
import sys
import threading
import time

import pytest

from kouyu.diagnostics.child_processes import children, use_of
from kouyu.diagnostics.machine_use import MachineUse, usable_cores


def work_for(seconds: float) -> None:
    """Use processor time on this thread."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_the_busiest_part_counts() -> None:
    busy_s = 0.0
    use = MachineUse(2, lambda: busy_s)
    began = time.monotonic()
    time.sleep(0.05)
    busy_s = 0.02
    measured, elapsed = use.busy(), time.monotonic() - began
    assert measured >= 0.02 / 2 / elapsed * 0.9
    began, worked = time.monotonic(), time.thread_time()
    work_for(0.05)
    assert use.busy() >= (time.thread_time() - worked) / (time.monotonic() - began) * 0.8


def test_another_thread_is_not_the_event_loop() -> None:
    use = MachineUse(2, lambda: 0.0)
    worker = threading.Thread(target=work_for, args=(0.2,))
    before, began = time.thread_time(), time.monotonic()
    worker.start()
    worker.join()
    measured = use.busy()
    assert measured <= (time.thread_time() - before) / (time.monotonic() - began) + 0.1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_child_processes_use_cores() -> None:
    use = MachineUse(2, lambda: 0.0)
    began = time.monotonic()
    program = "import time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert use.busy() >= 0.25 / (time.monotonic() - began) / usable_cores()
        child.communicate("\n")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_child_process_is_found_with_its_use() -> None:
    program = "import time, sys\nwhile time.process_time() < 0.2: pass\nprint('done', flush=True)\nsys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], text=True, **pipes) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "done\n"
        assert child.pid in children()
        use = use_of(child.pid)
        assert use is not None
        assert use.processor_s >= 0.15
        assert use.resident_bytes > 1_000_000
        child.stdin.close()
        child.wait()
        assert use_of(child.pid) is None
