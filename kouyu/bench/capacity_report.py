"""What a load test says: as a value for JSON, as a table for a person, as a chart."""

from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kouyu.bench.chart import Line, line_chart
from kouyu.bench.machine import Machine
from kouyu.bench.statistics import Summary

GENERATOR_LATE_MS: Final = 10.0
"""Frames sent later than this (p99) make a level doubtful: the load generator itself wanted for processor time."""

_COLUMNS: Final = ("sessions", "frame", "loop", "voice", "answer", "none", "CPU", "each", "late")
_LEGEND: Final = """\
frame: ms from sending a frame of 20 ms to its having been taken in, median and p99
loop: ms the event loop was late, p99; voice: ms to have audio judged by voice activity, p99
answer: ms from the end of a question to the first audio, median and p90; none: questions without an answer
CPU: percent of one core, of the server with its child processes; each: percent and MiB for one session
late: ms the load generators sent frames too late, p99"""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A number of sessions that talked at once. ms, and percent of one core."""

    sessions: int
    ingest: Summary | None
    """From the sending of a frame to its having been taken in by its session."""
    event_loop: Summary | None
    """How late the server's event loop was with what was due."""
    voice_activity: Summary | None
    """From asking for the judgement of audio to having it."""
    answers: Summary | None
    """From the end of a question, as it sounds, to the first audio of the answer."""
    unanswered: int
    lost: int
    server_cpu_percent: float
    """Of the server with all its child processes; above 100 it used more than one core."""
    server_memory_mib: float
    generator_cpu_percent: float
    """Of the busiest load generator."""
    generator_late_ms: float
    """How late the load generators sent their frames (p99)."""
    passed: str = ""
    """The limit that this level is beyond; empty where it is within all of them."""


class CapacityReport(msgspec.Struct, frozen=True, kw_only=True):
    """All of a load test."""

    machine: Machine
    load_at_end: tuple[float, float, float]
    mode: str
    stub_engines: bool
    seconds: float
    latest_frame_ms: float
    slowest_answer_ms: float
    idle_memory_mib: float
    """Of the server with all its child processes, before the first session."""
    held: int
    """The most sessions that were within all limits."""
    levels: list[Level]


def print_report(report: CapacityReport, console: Console) -> None:
    """Print a report."""
    engines = "stub engines, real voice activity" if report.stub_engines else "real engines"
    title = f"{report.held} sessions held ({report.mode}, {engines})"
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for level in report.levels:
        table.add_row(*_row(level, report.idle_memory_mib), style="red" if level.passed else "")
    machine = report.machine
    console.print(Text(f"{machine.cores} cores of {machine.cpu}, load {machine.load[0]:.1f} at the start", style="dim"))
    console.print(table)
    console.print(Text(_LEGEND, style="dim"))
    if report.levels and report.levels[-1].passed:
        console.print(f"ended: {report.levels[-1].passed}")
    if any(level.generator_late_ms > GENERATOR_LATE_MS for level in report.levels):
        console.print("the load generators were late themselves: more cores would give truer figures")


def _row(level: Level, idle_memory_mib: float) -> tuple[str, ...]:
    memory_mib = (level.server_memory_mib - idle_memory_mib) / level.sessions
    return (
        str(level.sessions),
        _numbers(level.ingest, "median", "p99"),
        _numbers(level.event_loop, "p99"),
        _numbers(level.voice_activity, "p99"),
        _numbers(level.answers, "median", "p90"),
        str(level.unanswered),
        f"{level.server_cpu_percent:.0f}",
        f"{level.server_cpu_percent / level.sessions:.2f} {memory_mib:.1f}",
        f"{level.generator_late_ms:.0f}",
    )


def _numbers(summary: Summary | None, *names: str) -> str:
    return "-" if summary is None else " ".join(f"{getattr(summary, name):.0f}" for name in names)


def capacity_chart(report: CapacityReport) -> str:
    """The lags by the number of sessions: an SVG file's text."""
    lags = [(level.sessions, level.ingest) for level in report.levels if level.ingest is not None]
    lines = [
        Line("frame taken in, p99", [(sessions, lag.p99) for sessions, lag in lags]),
        Line("frame taken in, median", [(sessions, lag.median) for sessions, lag in lags]),
    ]
    return line_chart("Time to take a frame in, ms", "sessions", lines, limit=report.latest_frame_ms)
