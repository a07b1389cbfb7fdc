"""Runs pip with the user's own configuration."""

import subprocess
import sys

from kouyu.bundle.errors import BundleError

_LINES_SHOWN = 3


def run_pip(*arguments: str, shown: bool = False) -> None:
    """Run pip, with its own progress on standard error if ``shown``. Raises BundleError with its last words."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run(
        [*command, *([] if shown else ["--quiet"]), *arguments],
        stdout=sys.stderr if shown else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        said = [line for line in lines if line.startswith("ERROR")] or lines[-_LINES_SHOWN:]
        raise BundleError("\n".join(("pip could not collect the wheels:", *said)))
