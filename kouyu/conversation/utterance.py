"""An utterance in progress, and the events of endpointing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from kouyu.conversation.question import Asked
from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.domain.speech_rate import SPEECH_RATE

TAIL_MS: Final = 64
"""Ms of silence kept after the last speech, so that a soft ending is not cut off.

Not longer than the pause at which a reply is prepared, so that the transcript made there covers the same audio as a
later one.
"""


class Span(msgspec.Struct, frozen=True):
    """Samples of the user's audio from ``start`` to before ``end``."""

    start: int
    end: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.end - self.start) / SPEECH_RATE


class SpeechBegan(msgspec.Struct, frozen=True):
    """Free talk: the user has begun to speak."""


class Paused(msgspec.Struct, frozen=True):
    """The user paused long enough to prepare a reply; the utterance may be over."""

    span: Span


class MayBeOver(msgspec.Struct, frozen=True):
    """Free talk under ``semantic_vad``: the silence is long enough to request an end-of-turn judgement."""

    span: Span


class Resumed(msgspec.Struct, frozen=True):
    """The user speaks again after Paused or MayBeOver."""


class Ended(msgspec.Struct, frozen=True):
    """The utterance is over or was discarded. ``span`` is None if there is nothing to recognise.

    ``announced``: SpeechStarted has been sent. ``interrupted``: it will not be answered, because the client
    interrupted since. ``completed``: the client completed a buffer that holds audio, and expects a transcript.
    ``early``: it ended by the clock, because audio stopped arriving.
    """

    span: Span | None
    announced: bool
    interrupted: bool = False
    completed: bool = False
    early: bool = False
    message_id: str = ""
    """The id that the message was named by so far; "" if nothing has asked for it."""
    answers: bool = True
    """Whether the client wants an answer, where it completed a buffer."""
    asked: Asked | None = None
    """The AnswerNow that it is answered for, if one is."""


class Continued(msgspec.Struct, frozen=True):
    """Free talk: audio that the network had delayed arrived at once, and the utterance in progress continues the one
    that ended early."""


EndpointingEvent = SpeechBegan | Paused | MayBeOver | Resumed | Ended | Continued


@dataclass(slots=True)
class Utterance:
    """An utterance in progress. Positions are samples of the user's audio."""

    start: int
    first_speech: int | None = None
    """Sample at which its speech begins; None before any speech."""
    paused: bool = False
    announced: bool = False
    """Whether SpeechStarted has been sent for it."""
    message_id: str = ""
    """The id of the message that it will be, once something has asked for it."""

    def named(self, new_id: Callable[[], str]) -> str:
        """The id of the message that it will be."""
        self.message_id = self.message_id or new_id()
        return self.message_id

    def span(self, detector: SpeechDetector, limit: int) -> Span:
        """The part to recognise now: up to its last speech plus a short tail, not beyond ``limit``."""
        end = min(limit, detector.speech_end + samples_in(TAIL_MS))
        return Span(self.start, max(self.start, end))

    def pauses(self, detector: SpeechDetector, pause_ms: int) -> Iterator[EndpointingEvent]:
        """Yield Paused when the silence reaches ``pause_ms``, and Resumed when speech begins again."""
        if detector.in_speech and self.paused:
            self.paused = False
            yield Resumed()
        elif not self.paused and not detector.in_speech and detector.silence_ms >= pause_ms:
            self.paused = True
            yield Paused(self.span(detector, detector.position))
