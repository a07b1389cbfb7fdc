"""The listening side: which stretch of the user's audio is an utterance, and when it pauses and ends.

Decisions count samples of the user's audio. The wall clock enters in one rule: a client that stops sending in the
middle of an utterance is treated as silent after the silence limit plus a grace.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import SpeechDetector, milliseconds
from kouyu.protocol.configuration import TurnDetection

_TAIL_MS: Final = 200
"""Silence kept after the last speech, so that a soft ending is not cut off."""
_PUSHED_LEAD_MS: Final = 600
"""Silence kept before the first speech of a push-to-talk buffer."""
_CHUNK_SLACK_MS: Final = 64
"""Voice activity judges whole chunks: the last few ms of a buffer may stay without a judgement."""


class Span(msgspec.Struct, frozen=True):
    """Samples of the user's audio from ``start`` to before ``end``."""

    start: int
    end: int


class SpeechBegan(msgspec.Struct, frozen=True):
    """Free talk: the user has begun to speak."""


class Paused(msgspec.Struct, frozen=True):
    """The user has been silent for a moment; the utterance may be over."""

    span: Span


class Resumed(msgspec.Struct, frozen=True):
    """The user speaks again after a pause."""


class Ended(msgspec.Struct, frozen=True):
    """The utterance is over. ``span`` is None where a push-to-talk buffer held no speech.

    ``announced``: the client had been told that the user speaks.
    """

    span: Span | None
    announced: bool


Moment = SpeechBegan | Paused | Resumed | Ended


@dataclass
class Utterance:
    """An utterance in progress. Samples."""

    start: int
    first_speech: int | None = None
    paused: bool = False
    announced: bool = False
    """The client has been told of it by ``speech_started``."""


@dataclass(frozen=True)
class _Completion:
    """``input_audio_buffer.complete`` has come; voice activity still has to judge audio up to ``end``."""

    end: int
    deadline: float


class Listening:
    """Finds utterances in both turn modes.

    ::

        free talk      ____|#########|__|########|__________|
                           began     paused      paused     ended (silence_duration_ms)
                                        resumed
        push to talk   |___#########____########___|complete
                                    paused      paused, ended
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._detector = SpeechDetector()
        self._floor = 0
        self._received = 0
        self._heard_from_at = 0.0
        self._completion: _Completion | None = None
        self.utterance: Utterance | None = None

    @property
    def received(self) -> int:
        """Sample up to which audio has come in."""
        return self._received

    @property
    def needed_from(self) -> int:
        """Audio before this sample belongs to nothing that may still be transcribed."""
        return self.utterance.start if self.utterance else self._floor

    @property
    def speech_ms(self) -> int:
        """Length of the run of speech in progress."""
        return self._detector.speech_ms

    def on_audio(self, end: int, turn_detection: TurnDetection, now: float) -> None:
        """Audio has come in up to the sample ``end``."""
        if turn_detection.type == "client_interrupt" and self.utterance is None and self._completion is None:
            self.utterance = Utterance(start=self._received)
        self._received = end
        self._heard_from_at = now

    def on_probability(
        self, end: int, probability: float, turn_detection: TurnDetection, onset_ms: int, now: float
    ) -> Iterator[Moment]:
        """A chunk has been judged. ``onset_ms`` of speech begin an utterance in free talk."""
        self._heard_from_at = now
        self._detector.feed(end, probability)
        if turn_detection.type == "client_interrupt":
            yield from self._in_pushed(now)
        else:
            yield from self._in_free_talk(turn_detection, onset_ms)

    def _in_free_talk(self, turn_detection: TurnDetection, onset_ms: int) -> Iterator[Moment]:
        detector = self._detector
        if self.utterance is None:
            padding = milliseconds(turn_detection.prefix_padding_ms)
            if detector.speech_ms < onset_ms:
                self._floor = max(self._floor, detector.position - padding - milliseconds(onset_ms))
                return
            start = max(self._floor, detector.position - padding)
            self.utterance = Utterance(start=start, first_speech=detector.onset)
            yield SpeechBegan()
            return
        yield from self._pauses(self.utterance)
        too_long = detector.position - self.utterance.start > milliseconds(self._limits.longest_utterance_ms)
        if too_long or detector.silence_ms >= turn_detection.silence_duration_ms:
            yield self._end()

    def _in_pushed(self, now: float) -> Iterator[Moment]:
        utterance = self.utterance
        if utterance is None:
            return
        detector = self._detector
        if utterance.first_speech is None and detector.onset is not None:
            onset = max(detector.onset, utterance.start)
            if detector.in_speech and detector.speech_end - onset >= milliseconds(self._limits.speech_start_ms):
                utterance.first_speech = onset
                utterance.start = max(utterance.start, onset - milliseconds(_PUSHED_LEAD_MS))
        if utterance.first_speech is not None:
            yield from self._pauses(utterance)
        yield from self._complete_if_judged(now)

    def _pauses(self, utterance: Utterance) -> Iterator[Moment]:
        detector = self._detector
        if detector.in_speech and utterance.paused:
            utterance.paused = False
            yield Resumed()
        elif not utterance.paused and detector.silence_ms >= self._limits.speculation_pause_ms:
            utterance.paused = True
            yield Paused(self.span())

    def complete(self, now: float) -> Iterator[Moment]:
        """``input_audio_buffer.complete``: the buffer ends here, once voice activity has judged all of it."""
        if self.utterance is None:
            yield Ended(None, announced=False)
            return
        self._completion = _Completion(self._received, now + self._limits.voice_activity_s)
        yield from self._complete_if_judged(now)

    def _complete_if_judged(self, now: float) -> Iterator[Moment]:
        completion = self._completion
        if completion is None or self.utterance is None:
            return
        judged = self._detector.position + milliseconds(_CHUNK_SLACK_MS) > completion.end
        if not judged and now < completion.deadline:
            return
        if not judged and self.utterance.first_speech is None:
            # Voice activity is late: better to recognise silence than to lose what was said.
            self.utterance.first_speech = self.utterance.start
        ended = self._end()
        self._completion = None
        if self._received > completion.end:
            self.utterance = Utterance(start=completion.end)
        yield ended

    def clear(self) -> None:
        """Throw away the buffered audio."""
        self.utterance = None
        self._completion = None
        self._floor = self._received

    def deadline(self, turn_detection: TurnDetection) -> float | None:
        """When time alone ends the utterance."""
        if self._completion is not None:
            return self._completion.deadline
        if self.utterance is None or turn_detection.type == "client_interrupt":
            return None
        missing_ms = max(0, turn_detection.silence_duration_ms - self._detector.silence_ms)
        return self._heard_from_at + (missing_ms + self._limits.stopped_sending_grace_ms) / 1000

    def on_time(self, turn_detection: TurnDetection, now: float) -> Iterator[Moment]:
        """Time has passed: end an utterance whose audio has stopped coming."""
        deadline = self.deadline(turn_detection)
        if deadline is None or now < deadline:
            return
        if self._completion is not None:
            yield from self._complete_if_judged(now)
        else:
            yield self._end()

    def span(self) -> Span:
        """The stretch to transcribe now: the utterance up to its last speech and a short tail."""
        utterance = self.utterance
        assert utterance is not None
        limit = self._received if self._completion is None else self._completion.end
        end = min(limit, self._detector.speech_end + milliseconds(_TAIL_MS))
        return Span(utterance.start, max(utterance.start, end))

    def _end(self) -> Ended:
        utterance = self.utterance
        assert utterance is not None
        span = self.span() if utterance.first_speech is not None else None
        self.utterance = None
        self._floor = max(self._floor, self._received if span is None else span.end)
        return Ended(span, announced=utterance.announced)
