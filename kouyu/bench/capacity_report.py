"""The report of a load test: as JSON, as a table, and as a chart."""

from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kouyu.bench.chart import Line, line_chart
from kouyu.bench.machine import Machine
from kouyu.bench.statistics import Summary

GENERATOR_LATE_MS: Final = 10.0
"""Frames sent later than this (p99) make a level unreliable: the load generator itself lacked CPU time."""

_COLUMNS: Final = ("sessions", "frame", "loop", "voice", "answer", "none", "CPU", "each", "late")
_LEGEND: Final = """\
frame: ms from sending a frame of 20 ms to the end of its processing, median and p99
loop: ms the event loop was late, p99; voice: ms of a VAD call for many sessions, p99
answer: ms from the end of a question to the first audio, median and p90; none: questions without an answer
CPU: percent of one core, of the server with its child processes
each: percent and MiB for one session, without what the server uses when there is none
late: ms the load generators sent frames too late, p99"""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The results for a number of simultaneous sessions. Times in ms, CPU in percent of one core."""

    sessions: int
    ingest: Summary | None
    """From sending a frame to the end of its processing by the session."""
    event_loop: Summary | None
    """Lag of the server's event loop."""
    voice_activity: Summary | None
    """Time of a VAD call."""
    answers: Summary | None
    """From the end of a question's speech to the first audio of the answer."""
    unanswered: int
    lost: int
    lost_because: str = ""
    """Why one of them was."""
    server_cpu_percent: float
    """CPU of the server with all its child processes; above 100: more than one core."""
    server_memory_mib: float
    generator_cpu_percent: float
    """CPU of the busiest load generator."""
    generator_late_ms: float
    """How late the load generators sent their frames (p99)."""
    passed: str = ""
    """The limit that this level exceeds; empty if none."""


class CapacityReport(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a load test."""

    machine: Machine
    load_at_end: tuple[float, float, float]
    mode: str
    stub_engines: bool
    seconds: float
    latest_frame_ms: float
    slowest_answer_ms: float
    idle_memory_mib: float
    """Memory of the server with all its child processes, before the first session."""
    idle_cpu_percent: float
    """CPU of the server before the first session, in percent of one core: it is no session's."""
    held: int
    """The most sessions within all limits."""
    levels: list[Level]


def print_report(report: CapacityReport, console: Console) -> None:
    """Print a report."""
    engines = "stub engines, real voice activity" if report.stub_engines else "real engines"
    title = f"{report.held} sessions held ({report.mode}, {engines})"
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for level in report.levels:
        table.add_row(*_row(level, report), style="red" if level.passed else "")
    machine = report.machine
    console.print(Text(f"{machine.cores} cores of {machine.cpu}, load {machine.load[0]:.1f} at the start", style="dim"))
    console.print(table)
    console.print(Text(_LEGEND, style="dim"))
    console.print(
        Text(f"without a session: {report.idle_cpu_percent:.1f} % and {report.idle_memory_mib:.0f} MiB", style="dim")
    )
    if report.levels and report.levels[-1].passed:
        console.print(f"ended: {report.levels[-1].passed}")
    if any(level.generator_late_ms > GENERATOR_LATE_MS for level in report.levels):
        console.print("the load generators were late themselves: use a machine with more cores for reliable figures")


def _row(level: Level, report: CapacityReport) -> tuple[str, ...]:
    memory_mib = (level.server_memory_mib - report.idle_memory_mib) / level.sessions
    cpu_percent = (level.server_cpu_percent - report.idle_cpu_percent) / level.sessions
    return (
        str(level.sessions),
        _numbers(level.ingest, "median", "p99"),
        _numbers(level.event_loop, "p99"),
        _numbers(level.voice_activity, "p99"),
        _numbers(level.answers, "median", "p90"),
        str(level.unanswered),
        f"{level.server_cpu_percent:.0f}",
        f"{cpu_percent:.2f} {memory_mib:.1f}",
        f"{level.generator_late_ms:.0f}",
    )


def _numbers(summary: Summary | None, *names: str) -> str:
    return "-" if summary is None else " ".join(f"{getattr(summary, name):.0f}" for name in names)


def capacity_chart(report: CapacityReport) -> str:
    """A chart of the delays by number of sessions, as SVG."""
    lags = [(level.sessions, level.ingest) for level in report.levels if level.ingest is not None]
    lines = [
        Line("frame processed, p99", [(sessions, lag.p99) for sessions, lag in lags]),
        Line("frame processed, median", [(sessions, lag.median) for sessions, lag in lags]),
    ]
    return line_chart("Time to process a frame, ms", "sessions", lines, limit=report.latest_frame_ms)
