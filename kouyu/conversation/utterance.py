"""One utterance of the user while it is being heard, and the moments of it that something follows from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.protocol.speech_rate import SPEECH_RATE

TAIL_MS: Final = 64
"""Silence kept after the last speech, so that a soft ending is not cut off.

Not longer than the pause at which a reply is prepared, so that the transcript prepared there hears all that a later one
would.
"""


class Span(msgspec.Struct, frozen=True):
    """Samples of the user's audio from ``start`` to before ``end``."""

    start: int
    end: int

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return (self.end - self.start) / SPEECH_RATE


class SpeechBegan(msgspec.Struct, frozen=True):
    """Free talk: the user has begun to speak."""


class Paused(msgspec.Struct, frozen=True):
    """The user has been silent for a moment; the utterance may be over."""

    span: Span


class MayBeOver(msgspec.Struct, frozen=True):
    """Free talk under ``semantic_vad``: it is time to judge whether the user has finished."""

    span: Span


class Resumed(msgspec.Struct, frozen=True):
    """The user speaks again after one of the two moments above."""


class Ended(msgspec.Struct, frozen=True):
    """The utterance is over, or thrown away. ``span`` is None where there is nothing to recognise.

    ``announced``: the client had been told that the user speaks. ``interrupted``: it will not be answered, because the
    client has gone on since. ``completed``: the client has completed a buffer that holds audio, and waits for what was
    understood of it. ``early``: it ended by the clock, because no more audio came.
    """

    span: Span | None
    announced: bool
    interrupted: bool = False
    completed: bool = False
    early: bool = False


class Continued(msgspec.Struct, frozen=True):
    """Free talk: audio that the network had held up came all at once. The utterance being heard is the rest of the one
    that ended early."""


EndpointingEvent = SpeechBegan | Paused | MayBeOver | Resumed | Ended | Continued


@dataclass
class Utterance:
    """An utterance in progress. Positions are samples of the user's audio."""

    start: int
    first_speech: int | None = None
    """Where its speech begins; None while there is none."""
    paused: bool = False
    announced: bool = False
    """The client has been told of it by ``speech_started``."""

    def span(self, detector: SpeechDetector, limit: int) -> Span:
        """What to recognise of it now: up to its last speech and a short tail, and not beyond ``limit``."""
        end = min(limit, detector.speech_end + samples_in(TAIL_MS))
        return Span(self.start, max(self.start, end))

    def pauses(self, detector: SpeechDetector, pause_ms: int) -> Iterator[EndpointingEvent]:
        """The user falls silent for ``pause_ms``, or speaks again."""
        if detector.in_speech and self.paused:
            self.paused = False
            yield Resumed()
        elif not self.paused and not detector.in_speech and detector.silence_ms >= pause_ms:
            self.paused = True
            yield Paused(self.span(detector, detector.position))
