"""The report of the comparison, as a value for JSON and as a table."""

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
    ("barge", "canceled"): "barge-in: speech to being told to stop",
}


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one of them gave."""

    name: str
    measures: dict[str, Summary]
    """By title, in ms."""
    misheard: int
    unanswered: int
    turns: dict[str, list[Turn]]
    """By mode."""


class ComparisonReport(msgspec.Struct, frozen=True, kw_only=True):
    """All of a comparison."""

    machine: Machine
    peer: dict[str, str]
    """The versions of what the peer is made of."""
    whisper: str
    end_of_turn: str
    """Of the peer."""
    silence_ms: int
    order: list[str]
    sides: list[Side]

    @property
    def ratios(self) -> dict[str, float]:
        """By title, how many times as long the peer's median is as kouyu's; without those that lack a side."""
        sides = {side.name: side.measures for side in self.sides}
        ours, theirs = sides.get("kouyu", {}), sides.get("pipecat", {})
        return {title: theirs[title].median / ours[title].median for title in ours if title in theirs}


def side(name: str, turns: dict[str, list[Turn]]) -> Side:
    """The figures of one side's turns."""
    every = [turn for mode in turns.values() for turn in mode]
    measures = {}
    for (mode, measure), title in MEASURES.items():
        counted = [turn.measures[measure] for turn in turns.get(mode, ()) if turn.outcome == "counted"]
        if (summary := summarise(counted)) is not None:
            measures[title] = summary
    return Side(
        name=name,
        measures=measures,
        misheard=sum(turn.outcome == "misheard" for turn in every),
        unanswered=sum(turn.outcome == "unanswered" for turn in every),
        turns=turns,
    )


def print_report(report: ComparisonReport, console: Console) -> None:
    """Print a report."""
    machine = report.machine
    versions = ", ".join(f"{name} {version}" for name, version in report.peer.items())
    heading = f"{machine.cores} cores of {machine.cpu}, load {machine.load[0]:.1f} at the start; {report.whisper}"
    console.print(Text(f"{heading}\npeer: {versions}; end of turn by {report.end_of_turn}", style="dim"))
    table = Table(title="ms")
    table.add_column("")
    for column in ("side", "turns", "median", "p90", "worst", "peer / kouyu"):
        table.add_column(column, justify="right")
    for title in MEASURES.values():
        for one in report.sides:
            if (summary := one.measures.get(title)) is None:
                continue
            numbers = [f"{number:.0f}" for number in (summary.median, summary.p90, summary.worst)]
            ratio = f"{report.ratios[title]:.2f}" if one.name == "pipecat" and title in report.ratios else ""
            table.add_row(title, one.name, str(summary.count), *numbers, ratio)
    console.print(table)
    for one in report.sides:
        console.print(f"{one.name}: {one.misheard} misheard, {one.unanswered} unanswered, not counted")
