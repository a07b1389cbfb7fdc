"""The report of the comparison, as a value for JSON and as a table."""

import os
from collections.abc import Mapping
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kouyu.bench.machine import Machine
from kouyu.bench.statistics import Summary, summarise
from kouyu.bench.turn import Turn

MEASURES: Final = {
    ("free", "first audio"): "end of speech to first audio",
    ("barge", "stop"): "barge-in: speech to being told to stop",
}
BASE: Final = "kouyu"
"""Ratios are to this one."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one of them gave."""

    name: str
    end_of_turn: str
    versions: dict[str, str]
    load: tuple[float, float]
    """Load average over 1 minute when it began and ended: above 1 or so, others were working too."""
    measures: dict[str, Summary]
    """By title, in ms."""
    misheard: int
    unanswered: int
    turns: dict[str, list[Turn]]
    """By mode."""


class ComparisonReport(msgspec.Struct, frozen=True, kw_only=True):
    """All of a comparison."""

    machine: Machine
    whisper: str
    sides: list[Side]
    """In the order in which they were measured."""
    failed: dict[str, str]
    """Why the others were not, by name."""

    def ratio(self, side: Side, title: str) -> float | None:
        """How many times as long a side's median is as that of BASE; None without one of them."""
        base = next((one.measures.get(title) for one in self.sides if one.name == BASE), None)
        summary = side.measures.get(title)
        return None if base is None or summary is None else summary.median / base.median


def load_now() -> float:
    """The load average over 1 minute."""
    return os.getloadavg()[0]


def summaries(turns: Mapping[str, list[Turn]]) -> dict[str, Summary]:
    """The figures of a side's turns, by title."""
    measures = {}
    for (mode, measure), title in MEASURES.items():
        counted = [turn.measures[measure] for turn in turns.get(mode, ()) if turn.outcome == "counted"]
        if (summary := summarise(counted)) is not None:
            measures[title] = summary
    return measures


def print_report(report: ComparisonReport, console: Console) -> None:
    """Print a report."""
    machine = report.machine
    console.print(Text(f"{machine.cores} cores of {machine.cpu}; {report.whisper}", style="dim"))
    for one in report.sides:
        versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
        console.print(Text(f"{one.name}: {versions}; end of turn by {one.end_of_turn}", style="dim"))
    for title in MEASURES.values():
        console.print(_table(report, title))
    for one in report.sides:
        if one.misheard or one.unanswered:
            console.print(f"{one.name}: {one.misheard} misheard, {one.unanswered} unanswered, not counted")
    for name, reason in report.failed.items():
        console.print(Text(f"{name}: not measured: {reason}"))


def _table(report: ComparisonReport, title: str) -> Table:
    table = Table(title=f"{title}, ms", title_justify="left")
    for column in ("", "turns", "median", "p90", "worst", f"to {BASE}", "load"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for one in report.sides:
        if (summary := one.measures.get(title)) is not None:
            numbers = [f"{number:.0f}" for number in (summary.median, summary.p90, summary.worst)]
            ratio = report.ratio(one, title)
            load = f"{one.load[0]:.1f} to {one.load[1]:.1f}"
            table.add_row(one.name, str(summary.count), *numbers, "" if ratio is None else f"{ratio:.2f}", load)
    return table


def as_markdown(report: ComparisonReport) -> str:
    """The tables of docs/performance.md."""
    lines: list[str] = []
    for title in MEASURES.values():
        lines += [
            f"| {title}, ms | turns | median | p90 | worst | to {BASE} |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for one in report.sides:
            if (summary := one.measures.get(title)) is not None:
                ratio = report.ratio(one, title)
                numbers = f"**{summary.median:.0f}** | {summary.p90:.0f} | {summary.worst:.0f}"
                lines.append(
                    f"| `{one.name}` | {summary.count} | {numbers} | {'' if ratio is None else f'{ratio:.2f}'} |"
                )
        lines.append("")
    return "\n".join(lines)
