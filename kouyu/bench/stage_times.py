"""Accounts a server's processor time by the stages of a turn.

Three kinds of work are accounted in three ways: calls on the event loop and on worker threads by the clock of their
thread; the threads of native libraries, which have no clock that a call could read, by what they used while calls of a
stage ran; the language model's process by what it used while requests of a stage ran. What libraries and process use
after the last call (a cancelled answer, a thread that spins) belongs to the stage of that call.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import msgspec

Stage: TypeAlias = Literal[
    "voice activity and echo",
    "interim transcripts",
    "final transcript",
    "language model, ahead",
    "language model, reply",
    "voice",
    "event loop and rest",
]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
"""In the order in which a turn passes them."""
REST: Final[Stage] = "event loop and rest"


class StageTime(msgspec.Struct, frozen=True):
    """What a stage has used so far."""

    cpu_s: float
    calls: int
    """Of the stage, or of its parts where it works in pieces; 0 for the rest."""

    def since(self, earlier: "StageTime") -> "StageTime":
        """What it has used since."""
        return StageTime(self.cpu_s - earlier.cpu_s, self.calls - earlier.calls)


class StageTimes:
    """The processor time of this process, and of the language model's, by stage. Linux only.

    ``model_cpu_s`` gives the processor time of the language model's process so far, 0.0 if there is none.
    """

    def __init__(self, model_cpu_s: Callable[[], float]) -> None:
        self._lock = threading.Lock()
        self._used: defaultdict[Stage, float] = defaultdict(float)
        self._calls: defaultdict[Stage, int] = defaultdict(int)
        self._libraries = _Shared(_library_threads_cpu_s)
        self._model = _Shared(model_cpu_s)
        self._model_cpu_s = model_cpu_s
        self._measuring_s = 0.0

    @contextmanager
    def on_event_loop(self, stage: Stage) -> Iterator[None]:
        """Account what runs in the block, which must not wait for anything."""
        began = time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self._used[stage] += time.thread_time() - began
                self._calls[stage] += 1

    @contextmanager
    def on_worker(self, stage: Stage, *, calls: int = 1) -> Iterator[None]:
        """Account what runs in the block on this thread, and what libraries do for it on theirs, as so many calls."""
        self._change(self._libraries, begins=stage)
        began = time.thread_time()
        try:
            yield
        finally:
            used = time.thread_time() - began
            self._change(self._libraries, ends=stage)
            with self._lock:
                self._used[stage] += used
                self._calls[stage] += calls

    @contextmanager
    def in_model(self, stage: Stage) -> Iterator[None]:
        """Account what the language model's process uses meanwhile; the block may wait."""
        self._change(self._model, begins=stage)
        try:
            yield
        finally:
            self._change(self._model, ends=stage)
            with self._lock:
                self._calls[stage] += 1

    def so_far(self) -> dict[Stage, StageTime]:
        """Every stage; the rest is what none of the others has used, without the cost of this accounting."""
        for shared in (self._libraries, self._model):
            self._change(shared)
        with self._lock:
            total = time.process_time() + self._model_cpu_s() - self._measuring_s
            used = {stage: self._used[stage] for stage in STAGES}
            used[REST] = total - sum(cpu_s for stage, cpu_s in used.items() if stage != REST)
            return {stage: StageTime(cpu_s, self._calls[stage]) for stage, cpu_s in used.items()}

    def _change(self, shared: "_Shared", *, begins: Stage | None = None, ends: Stage | None = None) -> None:
        began = time.thread_time()
        with self._lock:
            for stage, used in shared.settle().items():
                self._used[stage] += used
            shared.change(begins, ends)
            self._measuring_s += time.thread_time() - began


class _Shared:
    """A processor time that only its sum is known of, shared out among the stages that are at work."""

    def __init__(self, cpu_s: Callable[[], float]) -> None:
        self._cpu_s = cpu_s
        self._counted = cpu_s()
        self._active: list[Stage] = []
        self._last: Stage = REST

    def settle(self) -> dict[Stage, float]:
        """What each stage has used since the last call."""
        now = self._cpu_s()
        used, self._counted = max(0.0, now - self._counted), max(now, self._counted)
        stages = self._active or [self._last]
        shares: defaultdict[Stage, float] = defaultdict(float)
        for stage in stages:
            shares[stage] += used / len(stages)
        return shares

    def change(self, begins: Stage | None, ends: Stage | None) -> None:
        if ends is not None:
            self._active.remove(ends)
            self._last = ends
        if begins is not None:
            self._active.append(begins)


def _library_threads_cpu_s() -> float:
    """Processor time of this process's threads that Python does not know."""
    own = {thread.native_id for thread in threading.enumerate()}
    used = 0
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) not in own:
            try:
                used += int((task / "schedstat").read_text(encoding="ascii").split()[0])
            except (OSError, IndexError):
                continue  # it has ended meanwhile
    return used / 1e9
