"""Shows how far a backup or a restore is: a bar on a terminal, a line for each part in a log."""

import sys
from types import TracebackType

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from kouyu.cli.safe_console import SafeConsole
from kouyu.cli.saying import say


class CopyProgress:
    """A ``kouyu.backup.progress.Progress``, on standard error."""

    def __init__(self) -> None:
        self._bars = (
            Progress(
                TextColumn("{task.description:10}"), BarColumn(), TaskProgressColumn(), console=SafeConsole(stderr=True)
            )
            if sys.stderr.isatty()
            else None
        )
        self._part = ""

    def __enter__(self) -> "CopyProgress":
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, part: str, done: int, whole: int) -> None:
        """See Progress."""
        if part != self._part:
            self._part = part
            if self._bars is None:
                say(f"Copying the {part} ...", err=True)
            else:
                self._bars.add_task(part)
        if self._bars is not None:
            self._bars.update(self._bars.task_ids[-1], total=whole, completed=done)
