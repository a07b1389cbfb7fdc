"""Where speech begins and ends, from the probabilities of short chunks of audio."""

from typing import Final

from kouyu.conversation.inputs import LISTENING_RATE

ONSET_PROBABILITY: Final = 0.5
RELEASE_PROBABILITY: Final = 0.35
_FORGIVEN_GAP_MS: Final = 64


class SpeechDetector:
    """Hysteresis over speech probabilities, in audio time alone.

    ::

        probability   _____/~~~~~~~~\\_/~~~~\\________
        in_speech     _____|---------------|________
                           ^onset          ^speech_end   silence -> ...

    Speech goes on while the probability stays at or above RELEASE_PROBABILITY; it begins, or begins again, at
    ONSET_PROBABILITY. A dip of up to 64 ms does not restart the count of speech.
    """

    def __init__(self) -> None:
        self.position = 0
        """Sample up to which audio has been judged."""
        self.onset: int | None = None
        """Sample at which the run of speech now in progress (or just ended) began; None in silence."""
        self.speech_end = 0
        """Sample before which the last speech ended."""
        self.in_speech = False

    def feed(self, end: int, probability: float) -> None:
        """Take in the judgement of the chunk between the last position and the sample ``end``."""
        start, self.position = self.position, end
        threshold = RELEASE_PROBABILITY if self.in_speech else ONSET_PROBABILITY
        if probability >= threshold:
            if self.onset is None or (not self.in_speech and start - self.speech_end > milliseconds(_FORGIVEN_GAP_MS)):
                self.onset = start
            self.in_speech = True
            self.speech_end = end
        else:
            self.in_speech = False

    @property
    def speech_ms(self) -> int:
        """Length of the run of speech in progress; 0 in silence."""
        if self.onset is None or not self.in_speech:
            return 0
        return (self.speech_end - self.onset) * 1000 // LISTENING_RATE

    @property
    def silence_ms(self) -> int:
        """Length of the silence since the last speech."""
        return (self.position - self.speech_end) * 1000 // LISTENING_RATE


def milliseconds(ms: float) -> int:
    """Samples of the user's audio in ``ms`` milliseconds."""
    return int(ms * LISTENING_RATE / 1000)
