"""The report of a latency measurement: as JSON, and as tables."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from kouyu.bench.chart import DotRow, dot_chart
from kouyu.bench.latency import ModeResult
from kouyu.bench.machine import Machine
from kouyu.bench.modes import MODES
from kouyu.bench.statistics import Summary, summarise
from kouyu.bench.turn import Turn, stages


class ModeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one mode, in ms."""

    mode: str
    counted_from: str
    counted: int
    misheard: int
    unanswered: int
    measures: dict[str, Summary]
    """Times from the mode's reference point."""
    stages: dict[str, Summary]
    """The time from each event to the next, each over all counted turns; their medians need not add up."""
    configuration: dict[str, Any]
    turns: list[Turn]


class LatencyReport(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a latency measurement."""

    machine: Machine
    """The machine at the start."""
    load_at_end: tuple[float, float, float]
    server: str
    """Its URL, or that the benchmark started it."""
    language_model: str
    """Tier and name of its embedded language model; empty if it runs none, or that is not known."""
    settings: str
    """The settings file of the benchmark's own server; empty for another, whose settings are unknown."""
    language: str
    others: int
    """Clients that talked with the server all the time beside the one that was measured."""
    scripted_model: bool
    """Whether the scripted model answered, at the speed of the embedded one but without its CPU load."""
    modes: list[ModeFigures]


def figures(result: ModeResult) -> ModeFigures:
    """The figures of one mode's turns."""
    counted = [turn for turn in result.turns if turn.outcome == "counted"]
    return ModeFigures(
        mode=result.mode,
        counted_from=MODES[result.mode].counted_from,
        counted=len(counted),
        misheard=sum(turn.outcome == "misheard" for turn in result.turns),
        unanswered=sum(turn.outcome == "unanswered" for turn in result.turns),
        measures=dict(_summaries([turn.measures for turn in counted])),
        stages=dict(_summaries([stages(turn) for turn in counted])),
        configuration=result.configuration,
        turns=result.turns,
    )


def _summaries(rows: Sequence[dict[str, float]]) -> Iterator[tuple[str, Summary]]:
    for name in rows[0] if rows else ():
        summary = summarise([row[name] for row in rows])
        if summary is not None:
            yield name, summary


def print_report(report: LatencyReport, console: Console) -> None:
    """Print a report."""
    console.print(_circumstances(report))
    for mode in report.modes:
        console.print(_mode_table(mode))


def _circumstances(report: LatencyReport) -> RenderableType:
    machine = report.machine
    packages = ", ".join(f"{name} {number}" for name, number in machine.packages.items())
    lines = [
        f"{machine.cores} cores of {machine.cpu}, {machine.memory_gib} GiB, {machine.system}, Python {machine.python}",
        packages,
        f"load {machine.load[0]:.1f} at the start, {report.load_at_end[0]:.1f} at the end",
        f"server: {report.server}; questions in {report.language}",
    ]
    if report.others:
        lines.append(f"others who talk at the same time: {report.others}")
    if report.language_model:
        lines.append(f"language model: {report.language_model}")
    if report.scripted_model:
        lines.append("answers: scripted, at the speed of the embedded model but without its CPU load")
    return Group(*(Text(line, style="dim") for line in lines))


def _mode_table(mode: ModeFigures) -> Table:
    title = f"{MODES[mode.mode].title}: ms from {mode.counted_from}"
    table = Table(title=title, title_justify="left", title_style="bold", caption=_counts(mode), caption_justify="left")
    table.add_column("until")
    for column in ("median", "p90", "worst", "of which this stage (median)"):
        table.add_column(column, justify="right")
    for name, summary in mode.measures.items():
        numbers = (summary.median, summary.p90, summary.worst, mode.stages[name].median)
        table.add_row(name, *(f"{number:.0f}" for number in numbers))
    return table


def _counts(mode: ModeFigures) -> str:
    words = [f"{mode.counted} turns"]
    if mode.misheard:
        words.append(f"{mode.misheard} misheard and not counted")
    if mode.unanswered:
        words.append(f"{mode.unanswered} unanswered and not counted")
    return ", ".join(words)


def latency_chart(report: LatencyReport) -> str:
    """A chart with every counted turn as a dot, a row for each measure, as SVG."""
    rows = []
    for mode in report.modes:
        counted = [turn for turn in mode.turns if turn.outcome == "counted"]
        for name, summary in mode.measures.items():
            values = [turn.measures[name] for turn in counted]
            rows.append(DotRow(f"{MODES[mode.mode].title}: {name}", values, summary.median))
    return dot_chart("Latency, every turn; the bar is the median", "ms", rows)
