"""Converts sample positions of the user's audio to times on the session's clock."""

from collections import deque
from typing import Final

from kouyu.domain.speech_rate import SPEECH_RATE

_PIECES_KEPT: Final = 16_384
"""Frames of audio remembered: of 20 ms each, more than five minutes, which is longer than any utterance."""


class AudioClock:
    """Gives the arrival time of each sample of the user's audio, interpolated over the length of its frame.

    ::

        pieces sent   |####|####|        |####|     (20 ms each, the third after a gap)
        times              t1   t2            t3
        a sample in the third piece is placed between t3 - 20 ms and t3, never before t2

    Times therefore never go back; for a client that sends in real time they are the times of speech, and audio that
    arrives in a burst is compressed into the moment of the burst.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, int, float, float]] = deque(maxlen=_PIECES_KEPT)
        """(first sample, sample behind the last, time of the first, time of the end), s."""

    def append(self, start: int, end: int, now: float) -> None:
        """Record that the samples from ``start`` to before ``end`` came in at ``now`` (s on the session's clock)."""
        earliest = self._pieces[-1][3] if self._pieces else 0.0
        began = min(now, max(earliest, now - (end - start) / SPEECH_RATE))
        self._pieces.append((start, end, began, now))

    def ms(self, sample: int) -> float:
        """Arrival time of the sample in ms on the session's clock; the nearest known time if it is no longer stored."""
        return self._place(sample, sample + 1, 0)

    def end_ms(self, sample: int) -> float:
        """Arrival time of the audio before the sample: as ``ms``, but before a gap rather than after it."""
        return self._place(sample - 1, sample, 1)

    def _place(self, start: int, end: int, edge: int) -> float:
        """The time of one sample's beginning (``edge`` 0) or end (1)."""
        place = 0.0
        for piece_start, piece_end, began, ended in reversed(self._pieces):
            share = (start + edge - piece_start) / (piece_end - piece_start)
            place = began + min(1.0, max(0.0, share)) * (ended - began)
            if end > piece_start:
                break
        return round(place * 1000, 1)
