"""What the metrics say of the processes that the server has started."""

import subprocess
import sys

import pytest

from kouyu.diagnostics.child_processes import uses_of_children
from kouyu.server.process.measuring import uses_by_name

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_the_language_model_is_named_and_the_others_are_counted_together() -> None:
    program = [sys.executable, "-c", "print('here', flush=True); input()"]
    children = [subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "here\n"
        of_children = uses_of_children().of
        uses = uses_by_name(of_children, children[0].pid)
        assert set(uses) == {"language_model", "other"}
        assert uses["language_model"].resident_bytes > 1_000_000
        assert uses["other"].resident_bytes > uses["language_model"].resident_bytes
        assert "language_model" not in uses_by_name(of_children, None)
    finally:
        for child in children:
            child.communicate("\n")
