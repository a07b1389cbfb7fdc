"""What is measured of the machine, and of the processes that the server has started."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from kouyu.diagnostics import child_processes
from kouyu.diagnostics.child_processes import ChildProcesses, ChildProcessUses, ProcessUse, use_of, uses_of_children
from kouyu.diagnostics.machine_use import MachineUse, usable_cores


def work_for(seconds: float) -> None:
    """Use processor time on this thread."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_the_busiest_part_counts() -> None:
    busy_s = 0.0
    use = MachineUse(2, lambda: busy_s, ChildProcessUses)
    began = time.monotonic()
    time.sleep(0.05)
    busy_s = 0.02
    measured, elapsed = use.busy(), time.monotonic() - began
    assert measured >= 0.02 / 2 / elapsed * 0.9
    began, worked = time.monotonic(), time.thread_time()
    work_for(0.05)
    assert use.busy() >= (time.thread_time() - worked) / (time.monotonic() - began) * 0.8


def test_another_thread_is_not_the_event_loop() -> None:
    use = MachineUse(2, lambda: 0.0, ChildProcessUses)
    worker = threading.Thread(target=work_for, args=(0.2,))
    before, began = time.thread_time(), time.monotonic()
    worker.start()
    worker.join()
    measured = use.busy()
    assert measured <= (time.thread_time() - before) / (time.monotonic() - began) + 0.1


def test_child_processes_use_cores() -> None:
    read = ChildProcessUses()
    use = MachineUse(2, lambda: 0.0, lambda: read)
    read = ChildProcessUses({7: ProcessUse(50.0, 1)}, read_at=100.0)
    time.sleep(0.05)  # this thread, which counts too, does nothing
    assert use.busy() < 0.9, "what it used before it was first seen does not count"
    read = ChildProcessUses({7: ProcessUse(50.0 + usable_cores(), 1), 8: ProcessUse(0.0, 1)}, read_at=101.0)
    assert use.busy() == 1.0
    assert use.busy() == 1.0, "the same until it is read again"
    read = ChildProcessUses({8: ProcessUse(0.0, 1)}, read_at=102.0)
    time.sleep(0.05)
    assert use.busy() < 0.9, "one that has ended takes its time with it"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_child_process_is_found_with_its_use() -> None:
    program = "import time, sys\nwhile time.process_time() < 0.2: pass\nprint('done', flush=True)\nsys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], text=True, **pipes) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "done\n"
        use = uses_of_children().of[child.pid]
        assert use.processor_s >= 0.15
        assert use.resident_bytes > 1_000_000
        child.stdin.close()
        child.wait()
        assert use_of(child.pid) is None


async def test_child_processes_are_not_read_by_the_thread_of_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that takes long holds nothing up, and the next one comes."""
    reading, go_on = threading.Semaphore(0), threading.Event()
    by: list[threading.Thread] = []

    def slow() -> ChildProcessUses:
        by.append(threading.current_thread())
        reading.release()
        go_on.wait()
        return ChildProcessUses({len(by): ProcessUse(0.0, 1)}, read_at=float(len(by)))

    monkeypatch.setattr(child_processes, "uses_of_children", slow)
    monkeypatch.setattr(child_processes, "READ_EVERY_S", 0.0)
    children = ChildProcesses()
    task = asyncio.create_task(children.keep_reading())
    await asyncio.to_thread(reading.acquire)
    assert children.uses == ChildProcessUses()
    go_on.set()
    while len(by) < 2:  # noqa: ASYNC110 - nothing tells when it has read
        await asyncio.sleep(0)
    assert children.uses.of
    assert threading.current_thread() not in by
    task.cancel()
    await asyncio.wait({task})
