"""Collects the user's waveform into facts of some 160 ms."""

from collections.abc import Callable
from typing import Final

import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.diagnostics.audio_clock import AudioClock
from kouyu.diagnostics.facts.record import AnyFact
from kouyu.diagnostics.facts.user import Waveform
from kouyu.domain.speech_rate import SPEECH_RATE

PIECE: Final = SPEECH_RATE // 50
"""Samples behind one peak: 20 ms."""
_PIECES_AT_ONCE: Final = 8


class WaveformTrack:
    """Makes ``user.audio`` facts, some 160 ms each. ``clock`` must know the audio before ``heard`` gets it."""

    def __init__(self, clock: AudioClock, say: Callable[[AnyFact], None]) -> None:
        self._clock = clock
        self._say = say
        self._rest: Samples = np.zeros(0, np.float32)
        self._rest_start = 0

    def heard(self, samples: Samples, end: int, now: float) -> None:
        """Add the user's audio up to the sample ``end``."""
        if not len(self._rest):
            self._rest_start = end - len(samples)
        self._rest = np.concatenate((self._rest, samples))
        count = len(self._rest) // PIECE
        if count < _PIECES_AT_ONCE:
            return
        pieces, self._rest = self._rest[: count * PIECE], self._rest[count * PIECE :]
        peaks = np.abs(pieces).reshape(count, PIECE).max(axis=1)
        start, self._rest_start = self._rest_start, self._rest_start + count * PIECE
        self._say(
            Waveform(
                at_ms=round(now * 1000, 1),
                from_ms=self._clock.ms(start),
                to_ms=self._clock.end_ms(self._rest_start),
                piece_ms=PIECE * 1000 / SPEECH_RATE,
                peaks=tuple(round(float(min(peak, 1.0)), 3) for peak in peaks),
            )
        )
