"""The report of a soak test: as JSON, and as a table."""

from collections.abc import Callable
from typing import Final, Literal

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kouyu.bench.heap import Heap
from kouyu.bench.machine import Machine
from kouyu.bench.statistics import Summary

Stage = Literal["start", "talking", "warm", "half", "end", "afterwards"]
"""``warm``: the first sample after the warm-up; ``half``: after half the time; ``end``: the last one with clients;
``afterwards``: after they have disconnected."""

_TITLES: Final = {"start": "start", "warm": "warm", "half": "half", "end": "end", "afterwards": "clients gone"}
_ROWS: Final[dict[str, Callable[["Moment"], str]]] = {
    "minute": lambda moment: f"{moment.minute:.1f}",
    "sessions": lambda moment: str(moment.sessions),
    "all processes, MiB": lambda moment: f"{moment.memory_mib:.1f}",
    "the server's own": lambda moment: f"{moment.own_memory_mib:.1f}",
    "of it private": lambda moment: f"{moment.own_private_mib:.1f}",
    "heap in use": lambda moment: f"{moment.heap.used_mib:.1f}",
    "heap free": lambda moment: f"{moment.heap.free_mib:.1f}",
    "Python objects": lambda moment: str(moment.heap.objects),
    "tasks": lambda moment: str(moment.tasks),
    "threads": lambda moment: str(moment.threads),
    "open files": lambda moment: str(moment.open_files),
}


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One sample of what the server with its child processes used."""

    stage: Stage
    minute: float
    """Minutes since the server was ready."""
    sessions: int
    memory_mib: float
    own_memory_mib: float
    """The server's own part, without the embedded language model's process."""
    own_private_mib: float
    """The part of that not backed by files: the share of libraries depends on other processes."""
    heap: Heap
    tasks: int
    """Tasks of the event loop."""
    threads: int
    open_files: int
    """File descriptors."""


class SoakReport(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a soak test."""

    machine: Machine
    load_at_end: tuple[float, float, float]
    stub_engines: bool
    minutes: float
    sessions: int
    turns_of_a_connection: int
    connections: int
    """Connections over the whole time."""
    lost: int
    """Connections that were refused, or that the server ended."""
    unanswered: int
    answers: Summary | None
    """ms from the end of a question to the first audio of its answer; its count is that of the answered turns."""
    moments: list[Moment]
    log: str
    """The last lines of the server's log, which holds warnings and worse; empty is best."""

    @property
    def growth_mib_per_hour(self) -> float:
        """The slope of the server's private memory after the warm-up, by least squares; 0 if the end is missing."""
        stages = [moment.stage for moment in self.moments]
        if "warm" not in stages or "end" not in stages:
            return 0.0
        steady = self.moments[stages.index("warm") : stages.index("end") + 1]
        minutes = np.array([moment.minute for moment in steady])
        memory = np.array([moment.own_private_mib for moment in steady])
        return float(np.polyfit(minutes, memory, 1)[0]) * 60


def print_report(report: SoakReport, console: Console) -> None:
    """Print a report."""
    engines = "stub engines, real voice activity" if report.stub_engines else "real engines"
    title = f"{report.minutes:g} minutes, {report.sessions} sessions at once ({engines})"
    table = Table(title=title, title_justify="left", title_style="bold")
    shown = [moment for moment in report.moments if moment.stage in _TITLES]
    table.add_column("", no_wrap=True)
    for moment in shown:
        table.add_column(_TITLES[moment.stage], justify="right")
    for name, value in _ROWS.items():
        table.add_row(name, *map(value, shown))
    machine = report.machine
    console.print(Text(f"{machine.cores} cores of {machine.cpu}, load {machine.load[0]:.1f} at the start", style="dim"))
    console.print(table)
    turns = report.answers.count if report.answers is not None else 0
    console.print(
        f"{turns} turns answered, {report.unanswered} not; {report.connections} connections, {report.lost} lost; "
        f"the server's private memory after warm-up: {report.growth_mib_per_hour:+.1f} MiB an hour",
        highlight=False,
    )
    if report.log:
        console.print(Text(f"the server's log ends:\n{report.log}", style="yellow"))
