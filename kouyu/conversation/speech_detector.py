"""Where speech begins and ends, from the probabilities of short chunks of audio."""

from typing import Final

from kouyu.conversation.inputs import LISTENING_RATE

ONSET_PROBABILITY: Final = 0.5
RELEASE_PROBABILITY: Final = 0.35
_FORGIVEN_GAP_MS: Final = 64


class SpeechDetector:
    """Hysteresis over speech probabilities, in audio time alone. Positions are samples.

    ::

        probability   _____/~~~~~~~~\\_/~~~~\\________
        in_speech     _____|--------|_|----|________
                           ^speech_start   ^speech_end   silence -> ...

    Speech goes on while the probability stays at or above RELEASE_PROBABILITY; it begins, or begins again, at
    ONSET_PROBABILITY. A dip of up to 64 ms does not restart the count of speech.
    """

    def __init__(self) -> None:
        self.position = 0
        """Sample up to which audio has been judged."""
        self.speech_end = 0
        """Sample before which the last speech ended; ``position`` while speech goes on."""
        self.in_speech = False
        self._run_start: int | None = None
        self._ignored_before = 0

    def feed(self, end: int, probability: float) -> None:
        """Take in the judgement of the chunk between the last position and the sample ``end``."""
        start, self.position = self.position, end
        threshold = RELEASE_PROBABILITY if self.in_speech else ONSET_PROBABILITY
        if probability < threshold or end <= self._ignored_before:
            self.in_speech = False
            return
        if self._run_start is None or start - self.speech_end > samples_in(_FORGIVEN_GAP_MS):
            self._run_start = start
        self.in_speech = True
        self.speech_end = end

    def ignore_before(self, position: int) -> None:
        """Count no speech before the sample ``position``, judged already or not."""
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
        return (self.speech_end - self.speech_start) * 1000 // LISTENING_RATE if self.in_speech else 0

    @property
    def silence_ms(self) -> int:
        """Length of the silence since the last speech; 0 while speech goes on."""
        return (self.position - self.speech_end) * 1000 // LISTENING_RATE


def samples_in(ms: float) -> int:
    """Samples of the user's audio in ``ms`` milliseconds."""
    return int(ms * LISTENING_RATE / 1000)
