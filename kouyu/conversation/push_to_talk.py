"""Push to talk: the client marks the end of a buffer of audio; VAD finds the speech in it."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from kouyu.conversation.limits import Limits
from kouyu.conversation.question import Asked
from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.conversation.utterance import Ended, EndpointingEvent, Resumed, Span, Utterance
from kouyu.domain.configuration import TurnDetection
from kouyu.domain.speech_rate import SPEECH_RATE

_LEAD_MS: Final = 600
"""Ms of silence kept before the first speech of a buffer."""
_CHUNK_SLACK_MS: Final = 64
"""VAD processes whole chunks, so that the last ms of a buffer, up to this many, may stay without a result."""


def is_push_to_talk(turn_detection: TurnDetection) -> bool:
    """Whether the client marks the end of the user's turn (``client_interrupt``); otherwise free talk."""
    return turn_detection.type == "client_interrupt"


@dataclass(slots=True)
class _Buffer(Utterance):
    """The audio sent while the button is held."""

    end: int | None = None
    """Sample at which it was completed; None while the button is held."""
    given_up_at: float | None = None
    """When waiting for VAD times out."""
    interrupted: bool = False
    """Whether the client interrupted after completing it, so that it will not be answered."""
    answers: bool = True
    """Whether its completion was to begin an answer."""
    asked: Asked | None = None
    """The AnswerNow that it is answered for, if one is."""

    @property
    def is_answered(self) -> bool:
        """Whether an answer follows, as far as is known."""
        return self.asked is not None or (self.answers and not self.interrupted)


CompletedBuffer: TypeAlias = _Buffer
"""A buffer that VAD has not finished."""


class PushToTalk:
    """Finds the speech in buffers of audio that end with CompleteBuffer.

    ::

        audio received   |____########___####___|complete ___####...
        judged           |____########___#~~~~~~~~ lags: the buffer's end is known once all of it is judged

    A completed buffer waits for VAD for at most ``Limits.voice_activity_s``; then it ends with what was found. The next
    buffer may begin meanwhile, so buffers form a queue: completed ones, then at most one that is still open.
    """

    def __init__(self, detector: SpeechDetector, limits: Limits) -> None:
        self._detector = detector
        self._limits = limits
        self._buffers: deque[_Buffer] = deque()

    @property
    def utterance(self) -> Utterance | None:
        """The oldest buffer: the one that VAD is processing."""
        return self._buffers[0] if self._buffers else None

    @property
    def open(self) -> _Buffer | None:
        """The buffer that audio is added to, if one has begun."""
        return self._buffers[-1] if self._buffers and self._buffers[-1].end is None else None

    @property
    def completed(self) -> list[CompletedBuffer]:
        """The buffers that VAD has not finished, oldest first, without the open one."""
        return [buffer for buffer in self._buffers if buffer.end is not None]

    @property
    def deadline(self) -> float | None:
        """When waiting for VAD times out."""
        return self._buffers[0].given_up_at if self._buffers else None

    def on_audio(self, start: int) -> None:
        """Take in audio that begins at the sample ``start``, opening a buffer if none is open."""
        if self.open is None:
            self._buffers.append(_Buffer(start=start))

    def on_judged(self) -> Iterator[EndpointingEvent]:
        """Take in that VAD has processed one more chunk."""
        while self._buffers:
            buffer = self._buffers[0]
            self._find_speech(buffer)
            if buffer.first_speech is not None:
                yield from buffer.pauses(self._detector, self._limits.speculation_pause_ms)
            if buffer.end is None or not self._is_judged(buffer.end):
                return
            yield self._end(buffer, None if buffer.first_speech is None else self.span())

    def complete(self, received: int, now: float, *, answers: bool = True) -> Iterator[EndpointingEvent]:
        """End the open buffer at the sample ``received``, if there is one. ``answers``: an answer follows."""
        buffer = self.open
        if buffer is None:
            return
        buffer.end, buffer.answers = received, answers
        unjudged_s = max(0, received - self._detector.position) / SPEECH_RATE
        buffer.given_up_at = now + self._limits.judged_within_s(unjudged_s)
        yield from self.on_judged()

    def interrupt(self) -> None:
        """Mark completed buffers as interrupted: they will not be answered. The open buffer will."""
        for buffer in self._buffers:
            buffer.interrupted = buffer.end is not None

    def take_asked(self) -> list[Asked]:
        """Return what has asked for the answers to completed buffers, which do not answer it any more."""
        asked = [buffer.asked for buffer in self._buffers if buffer.asked is not None]
        for buffer in self._buffers:
            buffer.asked = None
        return asked

    def on_time(self, now: float) -> Iterator[EndpointingEvent]:
        """End buffers for which VAD has timed out."""
        while self.deadline is not None and now >= self.deadline:
            yield from self._end_unjudged()

    def leave(self) -> Iterator[EndpointingEvent]:
        """End completed buffers without waiting for VAD, before a change to free talk."""
        while self.deadline is not None:
            yield from self._end_unjudged()

    def hand_over(self) -> Utterance | None:
        """Return the open buffer and drop it here, after ``leave``; it continues in free talk."""
        return self._buffers.popleft() if self._buffers else None

    def take_over(self, start: int, first_speech: int | None) -> None:
        """Continue an utterance of free talk: the open buffer holds the audio from the sample ``start`` on."""
        self._buffers.append(_Buffer(start=start, first_speech=first_speech))

    def break_off(self) -> Iterator[EndpointingEvent]:
        """End the open buffer here, after ``leave``, without waiting for VAD."""
        if self.open is not None:
            span = self.span() if self.open.first_speech is not None else None
            yield Ended(span, announced=False, message_id=self.open.message_id)
            self._buffers.clear()

    def clear(self) -> Iterator[EndpointingEvent]:
        """Discard the open buffer. Completed buffers are kept."""
        if self.open is None:
            return
        buffer = self._buffers.pop()
        if not self._buffers:
            yield Ended(None, buffer.announced, message_id=buffer.message_id)

    def span(self) -> Span:
        """The part of the oldest buffer to recognise now."""
        buffer, position = self._buffers[0], self._detector.position
        return buffer.span(self._detector, position if buffer.end is None else buffer.end)

    def _find_speech(self, buffer: _Buffer) -> None:
        detector = self._detector
        if buffer.first_speech is not None or not detector.in_speech:
            return
        onset = max(detector.speech_start, buffer.start)
        end = detector.speech_end if buffer.end is None else min(detector.speech_end, buffer.end)
        if end - onset >= samples_in(self._limits.speech_start_ms):
            buffer.first_speech = onset
            buffer.start = max(buffer.start, onset - samples_in(_LEAD_MS))

    def _is_judged(self, end: int) -> bool:
        return self._detector.position + samples_in(_CHUNK_SLACK_MS) > end

    def _end_unjudged(self) -> Iterator[EndpointingEvent]:
        """End a buffer that VAD did not finish: recognising silence is better than losing speech."""
        buffer = self._buffers[0]
        assert buffer.end is not None
        if buffer.paused:
            # There may be speech behind the pause.
            yield Resumed()
        yield self._end(buffer, Span(buffer.start, buffer.end))

    def _end(self, buffer: _Buffer, span: Span | None) -> Ended:
        self._buffers.popleft()
        return Ended(
            span,
            buffer.announced,
            buffer.interrupted,
            completed=True,
            message_id=buffer.message_id,
            answers=buffer.answers,
            asked=buffer.asked,
        )
