"""The process that fetches weights beside a running server: ``python -m kouyu.weights.fetching_process``.

Reads an ``Order`` as one line of JSON from standard input, and writes a ``Report`` as a line of JSON to standard output
for each thing that happens. When standard input ends, the parent is gone, or wants no more: this process ends at once,
with what it started. What has arrived is kept, and the next fetch resumes there.
"""

import os
import signal
import sys
import threading
from typing import Final

import msgspec

from kouyu.weights.errors import FetchFailed, SetsFailed
from kouyu.weights.fetch import fetch
from kouyu.weights.weight_set import WeightSet

_NICENESS: Final = 10
"""Checking and unpacking take processor time, which the server's conversations need first."""
_REPORTS: Final = 200
"""Most reports of progress in one fetch."""


class Order(msgspec.Struct, frozen=True):
    """What the parent asks for."""

    weight_set: WeightSet
    mirror: str = ""
    """Base URL of a mirror of Hugging Face; "" for none."""


class Advanced(msgspec.Struct, frozen=True, tag="advanced"):
    """So many bytes have arrived, of so many that are expected."""

    arrived: int
    expected: int


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """Another process fetches; this one waits for it."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The fetch failed; ``lasting`` as in FetchFailed."""

    text: str
    lasting: bool


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The set is in the cache."""


Report = Advanced | Waiting | Failed | Done


def main() -> None:
    """Fetch what the parent asks for."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(_NICENESS)
    try:
        fetch([order.weight_set], _Reports(), mirror=order.mirror)
    except SetsFailed as error:
        (failure,) = error.failures.values()
        _report(Failed(str(failure), failure.lasting))
    except FetchFailed as error:
        _report(Failed(str(error), error.lasting))
    else:
        _report(Done())


class _Reports:
    """Reports the progress of the fetch of one set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrived = 0
        self._expected = 0
        self._reported = 0

    def waiting(self) -> None:
        _report(Waiting())

    def starting(self, weight_set: WeightSet, size: int) -> None:
        self._expected = size
        _report(Advanced(0, size))

    def advanced(self, weight_set: WeightSet, size: int) -> None:
        with self._lock:
            self._arrived += size
            if abs(self._arrived - self._reported) * _REPORTS >= self._expected:
                self._reported = self._arrived
                _report(Advanced(self._arrived, self._expected))

    def finished(self, weight_set: WeightSet) -> None:
        _report(Advanced(self._expected, self._expected))

    def replaced(self, weight_set: WeightSet, substitute: WeightSet, why: FetchFailed) -> None:
        _report(Failed(str(why), lasting=True))


def _report(report: Report) -> None:
    os.write(1, msgspec.json.encode(report) + b"\n")


def _end_with_parent() -> None:
    # Read the descriptor directly: sys.stdin's lock would block the interpreter's exit.
    while os.read(0, 1024):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # pip too, which finds the packages
    os._exit(1)


if __name__ == "__main__":
    main()
