"""Audio that grows at its end and shrinks at both: appending a piece copies that piece, not all that is there."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.audio.pcm import Samples, float_from_int16, int16_from_float

_LEAST: Final = 8_000
"""Samples of room that are made at least."""


class SampleBuffer:
    """Mono samples, addressed from the first one that is kept. Held as 16 bit values, which take half the memory."""

    def __init__(self) -> None:
        self._room: NDArray[np.int16] = np.zeros(0, np.int16)
        self._start = 0
        self._end = 0

    def __len__(self) -> int:
        """The samples that are kept."""
        return self._end - self._start

    def append(self, samples: Samples) -> None:
        """Add samples at the end. They are copied."""
        end = self._end + len(samples)
        if end > len(self._room):
            self._make_room(len(samples))
            end = self._end + len(samples)
        self._room[self._end : end] = int16_from_float(samples)
        self._end = end

    def slice(self, start: int, end: int) -> Samples:
        """A copy of the samples from ``start`` up to, not including, ``end``, as far as they are kept."""
        first, last = self._start + start, self._start + end
        return float_from_int16(self._room[min(first, self._end) : min(last, self._end)])

    def cut_to(self, count: int) -> None:
        """Keep the first ``count`` samples at most."""
        self._end = min(self._end, self._start + count)

    def drop(self, count: int) -> None:
        """Remove the first ``count`` samples; all if there are fewer, none if it is negative."""
        self._start = min(self._end, self._start + max(0, count))
        if self._start == self._end:
            self._room, self._start, self._end = self._room[:0].copy(), 0, 0

    def _make_room(self, more: int) -> None:
        kept = self._room[self._start : self._end]
        room = np.empty(max(_LEAST, 3 * (len(kept) + more) // 2), np.int16)
        room[: len(kept)] = kept
        self._room, self._start, self._end = room, 0, len(kept)
