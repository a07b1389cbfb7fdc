"""The report of a fuzzing run."""

from typing import Final

import msgspec

from bench.fuzz.callback_times import LONGEST_MS
from bench.fuzz.server import ServerReport
from kouyu.bench.load_client import GeneratorReport
from kouyu.bench.statistics import Summary

LATEST_FRAME_MS: Final = 50.0
"""The aim for the 99th percentile."""


class FuzzReport(msgspec.Struct, frozen=True, kw_only=True):
    """Counts are since the beginning."""

    seed: int
    seconds: float
    sent: dict[str, int]
    """Messages and requests by their kind."""
    faults: list[str]
    """The first faults: answers against the rules."""
    fault_count: int
    server_died: bool
    server: ServerReport | None
    calm: GeneratorReport | None
    """Of the well-behaved client."""
    tracebacks: list[str]
    held: list[str]
    """What the server's own watchdog logged."""

    @property
    def failed(self) -> bool:
        """Whether anything but times is wrong."""
        return bool(self.server_died or self.tracebacks or self.fault_count or self.lost_conversation)

    @property
    def lost_conversation(self) -> bool:
        """Whether the well-behaved client lost its connection, or an answer, or had none."""
        calm = self.calm
        return calm is None or bool(calm.lost or calm.unanswered or not calm.answers)


def print_report(report: FuzzReport) -> None:
    """Print the report to standard output."""
    total = sum(report.sent.values())
    print(f"seed {report.seed}: {total} messages and requests of {len(report.sent)} kinds in {report.seconds:g} s")
    server, calm = report.server, report.calm
    print(f"frames of the well-behaved client taken in after: {_line(server.ingest if server else None)}")
    print(f"  (aim: p99 of {LATEST_FRAME_MS:g} ms); sent too late by itself: {_line(calm.lateness if calm else None)}")
    if calm is not None:
        answered = f"{len(calm.answers)} answered, {calm.unanswered} not; connections lost: {calm.lost}"
        slowest = f"; slowest answer {max(calm.answers):.0f} ms" if calm.answers else ""
        print(f"its questions: {answered}{slowest}")
    if server is not None and server.callbacks:
        print(
            f"callbacks of the event loop: {server.callbacks}, too long (over {LONGEST_MS:g} ms of the processor) at:"
        )
        for long in server.long_callbacks:
            print(
                f"  {long.processor_ms:7.1f} ms ({long.times} times; {long.wall_ms:.0f} ms by the clock) {long.place}"
            )
    for held in report.held:
        print(f"watchdog: {held}")
    print(f"not answered by the rules: {report.fault_count}")
    for fault in report.faults:
        print(f"  {fault}")
    print(f"errors and tracebacks in the log: {len(report.tracebacks)}")
    for traceback in report.tracebacks[:10]:
        print(traceback)
    if report.server_died:
        print("THE SERVER DIED")


def _line(summary: Summary | None) -> str:
    if summary is None:
        return "nothing was measured"
    return f"median {summary.median:.1f}, p99 {summary.p99:.1f}, worst {summary.worst:.1f} ms ({summary.count} frames)"
