"""Installs a lock file into this interpreter's environment, and shows how far pip is. Standard library only.

`python locks/install.py locks/run.txt`. On a terminal one line is rewritten; in a log a line is written every few
seconds. What pip writes on standard error is shown as it stands, and its exit status is this program's.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_LOG_EVERY_S = 5.0
_WIDTH = 78


def progress(pip_output: Iterable[str], packages: int) -> Iterator[str]:
    """What to show after each line of ``pip install``: of ``packages`` in the lock file, how many pip has looked at."""
    looked_at = 0
    for line in pip_output:
        if re.match(r"Collecting |Requirement already satisfied: |Ignoring ", line):
            looked_at += 1
        elif found := re.match(r"\s+(?:Downloading|Using cached) (\S+) (\(.*\))", line):
            file = found[1].rpartition("/")[2]
            yield f"{looked_at} of {packages}: {'-'.join(file.split('-')[:2])} {found[2]}"
        elif line.startswith("Installing collected packages: "):
            yield f"unpacking {line.count(',') + 1} packages"


def show(steps: Iterable[str], write: Callable[[str], object], *, terminal: bool) -> None:
    """Write each step over the one before it on a terminal; in a log, one every few seconds."""
    written_at = time.monotonic()
    for step in steps:
        if terminal:
            write(f"\r  {step:{_WIDTH}.{_WIDTH}}\r")
        elif step.startswith("unpacking") or time.monotonic() - written_at >= _LOG_EVERY_S:
            written_at = time.monotonic()
            write(f"  {step}\n")
    if terminal:
        write(f"\r{'':{_WIDTH + 2}}\r")


def main(lock: str) -> int:
    """Install the lock file; return pip's exit status."""
    packages = sum("==" in line for line in Path(lock).read_text(encoding="utf-8").splitlines())
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--require-hashes", "-r", lock]

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as pip:
        assert pip.stdout is not None
        show(progress(pip.stdout, packages), write, terminal=sys.stdout.isatty())
    return pip.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
