"""A load test of a server in worker processes: what the processes measured is joined."""

from kouyu.bench.capacity_server import Measured, report_of
from kouyu.bench.heap import Heap

HEAP = Heap(used_mib=1.0, free_mib=2.0, objects=3)


def measured(sessions: int, *delays_ms: float) -> Measured:
    delays = list(delays_ms)
    return Measured(sessions=sessions, tasks=5, heap=HEAP, ingest=delays, event_loop=delays, voice_activity=[])


def test_delays_of_all_processes_are_summarised_together() -> None:
    report = report_of([measured(2, 1.0, 1.0, 1.0), measured(3, 9.0)])
    assert (report.sessions, report.tasks, report.heap.objects) == (5, 10, 6)
    assert report.ingest is not None
    assert report.ingest.median == 1.0
    assert report.ingest.p99 > 8.0
    assert report.voice_activity is None
