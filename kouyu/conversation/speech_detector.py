"""Finds where speech begins and ends, from the VAD probabilities and levels of chunks."""

import math
from collections.abc import Sequence
from typing import Final

from kouyu.protocol.speech_rate import SPEECH_RATE

ONSET_PROBABILITY: Final = 0.5
RELEASE_PROBABILITY: Final = 0.35
_FORGIVEN_GAP_MS: Final = 64
_FADED_DB: Final = 40.0
"""A level more than this below the loudest level of the speech ends it, whatever the probability."""
_LOUDEST_FADES_DB_PER_S: Final = 3.0
"""Decay of the loudest level, so that one shout does not make all later speech count as faded."""


class SpeechDetector:
    """Hysteresis over VAD probabilities, in audio time only. Positions are samples.

    ::

        probability   _____/~~~~~~~~\\_/~~~~\\________
        in_speech     _____|--------|_|----|________
                           ^speech_start   ^speech_end   silence -> ...

    Speech goes on while the probability stays at or above RELEASE_PROBABILITY; it begins, or begins again, at
    ONSET_PROBABILITY. A dip of up to 64 ms does not restart the count of speech.

    VAD probabilities stay high for some 60 ms after the last sound, which would delay the end of every turn. So speech
    also ends where the level falls 40 dB below its loudest, which happens only where there is little noise.
    """

    def __init__(self) -> None:
        self.position = 0
        """Sample up to which VAD results were taken in."""
        self.speech_end = 0
        """Sample before which the last speech ended; ``position`` while speech goes on."""
        self.in_speech = False
        self._run_start: int | None = None
        self._ignored_before = 0
        self._loudest = -math.inf
        self._chunk = 0

    def feed(self, end: int, probability: float, levels: Sequence[float] = ()) -> None:
        """Take in the probability of the chunk between the last position and the sample ``end``.

        ``levels``: of equal parts of the chunk in dBFS, oldest first; empty if unknown.
        """
        start, self.position = self.position, end
        self._chunk = end - start
        threshold = RELEASE_PROBABILITY if self.in_speech else ONSET_PROBABILITY
        self._loudest -= _LOUDEST_FADES_DB_PER_S * (end - start) / SPEECH_RATE
        sounds_until = end
        if probability >= threshold:
            sounds_until = self._sounds_until(start, end, levels)
        if probability < threshold or sounds_until == start or end <= self._ignored_before:
            self.in_speech = False
            return
        if self._run_start is None or start - self.speech_end > samples_in(_FORGIVEN_GAP_MS):
            self._run_start = start
        self.in_speech = True
        self.speech_end = sounds_until

    def begins_with(self, probability: float) -> bool:
        """Whether a chunk of this probability may be speech, now that nobody speaks."""
        return self.in_speech or probability >= ONSET_PROBABILITY

    def _sounds_until(self, start: int, end: int, levels: Sequence[float]) -> int:
        """The end of the last part of a speech chunk that has not faded; ``start`` if all of it has."""
        if not levels:
            return end
        self._loudest = max(self._loudest, *levels)
        sounding = [number for number, level in enumerate(levels, 1) if level > self._loudest - _FADED_DB]
        return start + (end - start) * (sounding[-1] if sounding else 0) // len(levels)

    def ignore_before(self, position: int) -> None:
        """Count no speech before the sample ``position``, whether its VAD results have come or not."""
        self._ignored_before = position
        self._run_start = None
        self.in_speech = False

    @property
    def speech_start(self) -> int:
        """Sample at which the run of speech in progress began; ``position`` in silence."""
        in_run = self.position - self.speech_end <= samples_in(_FORGIVEN_GAP_MS)
        return self._run_start if self._run_start is not None and in_run else self.position

    @property
    def speech_ms(self) -> int:
        """Length of the run of speech in progress; 0 in silence."""
        return (self.speech_end - self.speech_start) * 1000 // SPEECH_RATE if self.in_speech else 0

    @property
    def silence_ms(self) -> int:
        """Length of the silence since the last speech; 0 while speech goes on."""
        return (self.position - self.speech_end) * 1000 // SPEECH_RATE

    @property
    def nearest_silence_ms(self) -> int:
        """Silence so far plus half a chunk.

        A threshold compared with this is rounded to the nearest chunk instead of up.
        """
        return (self.position + self._chunk // 2 - self.speech_end) * 1000 // SPEECH_RATE


def samples_in(ms: float) -> int:
    """Samples of the user's audio in ``ms`` milliseconds."""
    return int(ms * SPEECH_RATE / 1000)
