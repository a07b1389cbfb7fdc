"""Shows the progress of a fetch of weights: bars on a terminal, lines in a log."""

from __future__ import annotations

import threading

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from kouyu.cli.safe_console import SafeConsole
from kouyu.cli.saying import say
from kouyu.weights.errors import FetchFailed
from kouyu.weights.weight_set import WeightSet


class Bars:
    """Progress bars, one for each weight set."""

    def __init__(self, console: SafeConsole) -> None:
        self._progress = Progress(
            TextColumn("{task.description:27}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console
        )
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def waiting(self) -> None:
        self._progress.console.print("Another kouyu is fetching weights; waiting for it.")

    def starting(self, weight_set: WeightSet, size: int) -> None:
        self._bars[weight_set.name] = self._progress.add_task(weight_set.name, total=size)

    def advanced(self, weight_set: WeightSet, size: int) -> None:
        self._progress.advance(self._bars[weight_set.name], size)

    def finished(self, weight_set: WeightSet) -> None:
        pass

    def replaced(self, weight_set: WeightSet, substitute: WeightSet, why: FetchFailed) -> None:
        self._progress.console.print(_replaced(weight_set, substitute, why), soft_wrap=True)


class Lines:
    """Progress as lines, for logs: a start and an end for each weight set."""

    def __init__(self) -> None:
        self._one_line_at_a_time = threading.Lock()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def waiting(self) -> None:
        self._say("Another kouyu is fetching weights; waiting for it.")

    def starting(self, weight_set: WeightSet, size: int) -> None:
        self._say(f"Fetching {weight_set.name} ({size / 1e6:.0f} MB)")

    def advanced(self, weight_set: WeightSet, size: int) -> None:
        pass

    def finished(self, weight_set: WeightSet) -> None:
        self._say(f"Fetched {weight_set.name}")

    def replaced(self, weight_set: WeightSet, substitute: WeightSet, why: FetchFailed) -> None:
        self._say(_replaced(weight_set, substitute, why))

    def _say(self, line: str) -> None:
        with self._one_line_at_a_time:
            say(line, err=True)


def _replaced(weight_set: WeightSet, substitute: WeightSet, why: FetchFailed) -> str:
    return f"{substitute.name} takes the place of {weight_set.name}: {why}"
