import os
import subprocess
import sys

import pytest

from kouyu.bench.process_usage import usage

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

SPIN = """
import time
end = time.process_time() + 0.2
while time.process_time() < end:
    pass
print(1, flush=True)
input()
"""


def test_children_are_counted() -> None:
    before = usage(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", SPIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    after = usage(os.getpid())
    child.communicate(b"\n")
    assert after.cpu_s - before.cpu_s >= 0.15
    assert after.memory_mib > before.memory_mib + 1
    assert after.own_memory_mib < after.memory_mib
    assert after.threads > before.threads
    assert after.open_files >= before.open_files + 3


def test_a_process_that_is_gone_is_an_error() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with pytest.raises(ProcessLookupError):
        usage(child.pid)
