"""The report of recognised recordings: as JSON, and as text."""

from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from kouyu.bench.machine import Machine
from kouyu.bench.recognition.run import Heard
from kouyu.bench.recognition.transcript_errors import Errors, unit_of


class RecognitionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a recogniser made of a set of recordings."""

    machine: Machine
    source: str
    half: str
    """Of the recordings; empty for all."""
    language: str
    language_told: bool
    engine: str
    settings: str
    """The settings file; empty for the defaults."""
    error_unit: str
    """"word" or "character"."""
    seconds: float
    processor_s: float
    unformatted: Errors
    formatted: Errors
    recordings: list[Heard]

    @property
    def silent(self) -> int:
        """Recordings of which nothing was heard."""
        return sum(not one.heard for one in self.recordings)


def report_of(
    recordings: Sequence[Heard],
    *,
    machine: Machine,
    source: str,
    half: str,
    language: str,
    language_told: bool,
    engine: str,
    settings: str,
) -> RecognitionReport:
    """Add up the results of all recordings."""
    return RecognitionReport(
        machine=machine,
        source=source,
        half=half,
        language=language,
        language_told=language_told,
        engine=engine,
        settings=settings,
        error_unit=unit_of(language),
        seconds=sum(one.seconds for one in recordings),
        processor_s=sum(one.processor_s for one in recordings),
        unformatted=sum((one.unformatted for one in recordings), Errors()),
        formatted=sum((one.formatted for one in recordings), Errors()),
        recordings=list(recordings),
    )


def print_report(report: RecognitionReport, worst: int, console: Console) -> None:
    """Print a report with its ``worst`` recordings."""
    told = "told" if report.language_told else "detected"
    half = f" ({report.half} half)" if report.half else ""
    for line in (
        f"{report.machine.cores} cores of {report.machine.cpu}, load {report.machine.load[0]:.1f} at the start",
        f"{len(report.recordings)} recordings of {report.source}{half}, {report.seconds:.0f} s of audio",
        f"recogniser: {report.engine}, language {report.language} ({told})",
    ):
        console.print(line, highlight=False, markup=False)
    table = Table("", "wrong", "of", "error rate", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    units = f"{report.error_unit}s"
    for title, errors in ((f"{units}, unformatted", report.unformatted), (f"{units} and marks", report.formatted)):
        table.add_row(title, str(errors.wrong), str(errors.said), f"{errors.rate:.4f}")
    console.print(table)
    per_second = report.processor_s / report.seconds if report.seconds else 0.0
    console.print(f"recognition took {per_second:.3f} s of processor time for a second of audio", highlight=False)
    console.print(f"{report.silent} recordings had an empty transcript", highlight=False)
    _print_worst(report, worst, console)


def _print_worst(report: RecognitionReport, worst: int, console: Console) -> None:
    wrong = [one for one in report.recordings if one.unformatted.wrong]
    wrong.sort(key=lambda one: (-one.unformatted.wrong, one.name))
    for one in wrong[:worst]:
        console.print(f"\n{one.name}: {one.unformatted.wrong} wrong", highlight=False, markup=False)
        console.print(f"  said:  {one.said}\n  heard: {one.heard}", highlight=False, markup=False)
