"""The report of the comparison of capacities, as a value for JSON and as a table."""

import math

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kouyu.bench.machine import Machine
from kouyu.bench.statistics import Summary


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What so many people got."""

    people: int
    answers: Summary | None
    """From the end of a question's speech to the first audio, in ms; None if none was answered."""
    unanswered: int

    @property
    def median_ms(self) -> float:
        """Of the answers; infinite without any."""
        return math.inf if self.answers is None else self.answers.median


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What one of them gave."""

    name: str
    versions: dict[str, str]
    load: tuple[float, float]
    """Load average over 1 minute when it began and ended."""
    levels: list[Level]

    def people(self, slowest_ms: float) -> int:
        """The most whose median answer came in time."""
        return max((level.people for level in self.levels if level.median_ms <= slowest_ms), default=0)


class CapacityComparison(msgspec.Struct, frozen=True, kw_only=True):
    """All of a comparison."""

    machine: Machine
    whisper: str
    seconds: float
    """Of each level."""
    slowest_ms: float
    sides: list[Held]
    failed: dict[str, str]
    """Why the others were not measured, by name."""


def print_report(report: CapacityComparison, console: Console) -> None:
    """Print a report."""
    machine = report.machine
    console.print(
        Text(f"{machine.cores} cores of {machine.cpu}; {report.whisper}; {report.seconds:.0f} s each", style="dim")
    )
    for one in report.sides:
        versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
        console.print(Text(f"{one.name}: {versions}; load {one.load[0]:.1f} to {one.load[1]:.1f}", style="dim"))
    table = Table(title=f"people until the median answer passes {report.slowest_ms:.0f} ms", title_justify="left")
    for column in ("", "held", "people", "answers", "none", "median", "p90"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for one in report.sides:
        for level in one.levels:
            held = str(one.people(report.slowest_ms)) if level is one.levels[0] else ""
            table.add_row(one.name if held else "", held, str(level.people), *_figures(level))
    console.print(table)
    for name, reason in report.failed.items():
        console.print(Text(f"{name}: not measured: {reason}"))


def _figures(level: Level) -> tuple[str, ...]:
    if level.answers is None:
        return "0", str(level.unanswered), "", ""
    answers = level.answers
    return str(answers.count), str(level.unanswered), f"{answers.median:.0f}", f"{answers.p90:.0f}"


def as_markdown(report: CapacityComparison) -> str:
    """The table of docs/performance.md."""
    lines = ["| | people held | median (p90) of the answers, ms, by people |", "| --- | --- | --- |"]
    for one in report.sides:
        levels = ", ".join(
            f"{level.people}: {level.answers.median:.0f} ({level.answers.p90:.0f})"
            for level in one.levels
            if level.answers is not None
        )
        lines.append(f"| `{one.name}` | **{one.people(report.slowest_ms)}** | {levels} |")
    return "\n".join(lines)
