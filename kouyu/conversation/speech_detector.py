"""Finds where speech begins and ends, from the VAD probabilities and levels of chunks."""

import math
from collections.abc import Sequence
from typing import Final

from kouyu.domain.speech_rate import SPEECH_RATE

ONSET_PROBABILITY: Final = 0.5
RELEASE_PROBABILITY: Final = 0.35
FAINT_PROBABILITY: Final = 0.25
"""The chunk before a run of speech belongs to it from this probability on: a soft first syllable, which VAD recognises
late."""
_RELEASE_SHARE: Final = RELEASE_PROBABILITY / ONSET_PROBABILITY
_FAINT_SHARE: Final = FAINT_PROBABILITY / ONSET_PROBABILITY
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
    ONSET_PROBABILITY. A dip of up to 64 ms does not restart the count of speech, nor does a longer one of the level
    alone: the closure before a stop consonant ("what colour") lasts up to 0.1 s, and VAD takes it for speech.

    VAD probabilities stay high for some 60 ms after the last sound, which would delay the end of every turn. So speech
    also ends where the level falls 40 dB below its loudest, which happens only where there is little noise.
    """

    def __init__(self) -> None:
        self.onset_probability = ONSET_PROBABILITY
        """The probability from which speech begins; the other thresholds keep their relation to it."""
        self.position = 0
        """Sample up to which VAD results were taken in."""
        self.speech_end = 0
        """Sample before which the last speech ended; ``position`` while speech goes on."""
        self.in_speech = False
        self._run_start: int | None = None
        self._voiced_end = 0
        """Sample before which the last chunk ended that is speech by its probability, whatever its level."""
        self._faint_start: int | None = None
        """Sample at which the last chunk begins, if it may belong to a run that begins with the next one."""
        self._ignored_before = 0
        self._loudest = -math.inf
        self._chunk = 0

    def feed(self, end: int, probability: float, levels: Sequence[float] = ()) -> None:
        """Take in the probability of the chunk between the last position and the sample ``end``.

        ``levels``: of equal parts of the chunk in dBFS, oldest first; empty if unknown.
        """
        start, self.position = self.position, end
        self._chunk = end - start
        threshold = self.onset_probability * (_RELEASE_SHARE if self.in_speech else 1)
        self._loudest -= _LOUDEST_FADES_DB_PER_S * (end - start) / SPEECH_RATE
        sounds_until = end
        if probability >= threshold:
            sounds_until = self._sounds_until(start, end, levels)
        run_goes_on, faint_start = self._run_goes_on(start), self._faint_start
        self._faint_start = (
            start if probability >= self.onset_probability * _FAINT_SHARE and end > self._ignored_before else None
        )
        if probability >= threshold:
            self._voiced_end = end
        if probability < threshold or sounds_until == start or end <= self._ignored_before:
            self.in_speech = False
            return
        if not run_goes_on:
            self._run_start = start if faint_start is None else faint_start
        self.in_speech = True
        self.speech_end = sounds_until

    def begins_with(self, probability: float) -> bool:
        """Whether a chunk of this probability may be speech, now that nobody speaks."""
        return self.in_speech or probability >= self.onset_probability

    def _sounds_until(self, start: int, end: int, levels: Sequence[float]) -> int:
        """The end of the last part of a speech chunk that has not faded; ``start`` if all of it has."""
        if not levels:
            return end
        self._loudest = max(self._loudest, *levels)
        sounding = [number for number, level in enumerate(levels, 1) if level > self._loudest - _FADED_DB]
        return start + (end - start) * (sounding[-1] if sounding else 0) // len(levels)

    def _run_goes_on(self, position: int) -> bool:
        """Whether speech from ``position`` on belongs to the last run."""
        last = max(self.speech_end, self._voiced_end)
        return self._run_start is not None and position - last <= samples_in(_FORGIVEN_GAP_MS)

    def ignore_before(self, position: int) -> None:
        """Count no speech before the sample ``position``, whether its VAD results have come or not."""
        self._ignored_before = position
        self._run_start = self._faint_start = None
        self.in_speech = False

    @property
    def speech_start(self) -> int:
        """Sample at which the run of speech in progress began; ``position`` in silence."""
        if self._run_start is None or not self._run_goes_on(self.position):
            return self.position
        return self._run_start

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
