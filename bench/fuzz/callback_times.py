"""Measures the CPU time of each callback of asyncio's event loop, and where the long ones spend it."""

import asyncio
import sys
import threading
import time
from typing import Any, Final

import msgspec

LONGEST_MS: Final = 20.0
"""CPU time above which a callback is too long."""
_SAMPLED_S: Final = 0.01
_FRAMES: Final = 12
_PLACES: Final = 50


class LongCallback(msgspec.Struct, frozen=True, kw_only=True):
    """The longest callback that was last seen at one place."""

    processor_ms: float
    wall_ms: float
    times: int
    """That a callback of this place was too long."""
    place: str
    """Where the thread stood at most samples: ``module:line function``, innermost first."""


class CallbackTimes:
    """Measures from ``begin`` on, in the thread that calls it."""

    def __init__(self) -> None:
        self.count = 0
        self._long: dict[str, LongCallback] = {}
        self._began = 0.0
        self._samples: tuple[int, list[str]] = (0, [])
        """Of the callback with this number."""

    def begin(self) -> None:
        """Measure every callback from now on, to the end of the process."""
        run = asyncio.events.Handle._run
        clock, wall = time.thread_time, time.monotonic

        def timed(handle: Any) -> None:
            self.count += 1
            self._began, busy = wall(), clock()
            run(handle)
            took_ms, began, self._began = 1000 * (clock() - busy), self._began, 0.0
            if took_ms > LONGEST_MS:
                self._note(took_ms, 1000 * (wall() - began), handle)

        asyncio.events.Handle._run = timed  # type: ignore[method-assign, assignment]
        threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True).start()

    def longest(self) -> list[LongCallback]:
        """Those that were too long, the longest first."""
        return sorted(self._long.values(), key=lambda long: -long.processor_ms)[:_PLACES]

    def _watch(self, watched: int) -> None:
        while True:
            time.sleep(_SAMPLED_S)
            began = self._began
            if began and time.monotonic() - began > LONGEST_MS / 2000:
                place = _place(sys._current_frames().get(watched))
                number, before = self._samples
                self._samples = self.count, [*before, place] if number == self.count else [place]

    def _note(self, processor_ms: float, wall_ms: float, handle: Any) -> None:
        number, sampled = self._samples
        place = _most_often(sampled) if number == self.count else f"{handle._callback!r:.200}"
        key = _own_function(place.partition("samples: ")[2] or place)
        before = self._long.get(key)
        longest = processor_ms if before is None else max(before.processor_ms, processor_ms)
        if before is not None and longest == before.processor_ms:
            place, wall_ms = before.place, before.wall_ms
        self._long[key] = LongCallback(
            processor_ms=round(longest, 1),
            wall_ms=round(wall_ms, 1),
            times=before.times + 1 if before else 1,
            place=place,
        )


def _place(frame: Any) -> str:
    places: list[str] = []
    while frame is not None and len(places) < _FRAMES:
        places.append(f"{frame.f_globals.get('__name__', '?')}:{frame.f_lineno} {frame.f_code.co_qualname}")
        frame = frame.f_back
    return " < ".join(places)


def _most_often(places: list[str]) -> str:
    """One of the places in the function of kouyu's in which most of them are."""
    functions = [_own_function(place) for place in places]
    most = max(set(functions), key=functions.count)
    return f"{functions.count(most)} of {len(places)} samples: {places[functions.index(most)]}"


def _own_function(place: str) -> str:
    steps = place.split(" < ")
    return next((step.partition(" ")[2] for step in steps if step.startswith("kouyu.")), steps[0])
