"""Push to talk: the client says where a buffer of audio ends; voice activity finds the speech in it."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.conversation.utterance import Ended, EndpointingEvent, Resumed, Span, Utterance
from kouyu.protocol.configuration import TurnDetection
from kouyu.protocol.speech_rate import SPEECH_RATE

_LEAD_MS: Final = 600
"""Silence kept before the first speech of a buffer."""
_CHUNK_SLACK_MS: Final = 64
"""Voice activity judges whole chunks: the last few ms of a buffer may stay without a judgement."""


def is_push_to_talk(turn_detection: TurnDetection) -> bool:
    """Whether the client says when the user's turn ends (``client_interrupt``); otherwise the user talks freely."""
    return turn_detection.type == "client_interrupt"


@dataclass
class _Buffer(Utterance):
    """What is said while the button is held."""

    end: int | None = None
    """Where it was completed; None while the button is held."""
    given_up_at: float | None = None
    """When voice activity is not waited for any longer."""
    interrupted: bool = False
    """The client has gone on since it was completed: it will not be answered."""


class PushToTalk:
    """Finds the speech in buffers of audio that end with ``input_audio_buffer.complete``.

    ::

        audio received   |____########___####___|complete ___####...
        judged           |____########___#~~~~~~~~ lags: the buffer's end is known once all of it is judged

    Voice activity is waited for until ``Limits.voice_activity_s``; then the buffer is taken as it is. Meanwhile the
    next buffer may have begun, so there is a row of them: completed ones, then at most one that is still open.
    """

    def __init__(self, detector: SpeechDetector, limits: Limits) -> None:
        self._detector = detector
        self._limits = limits
        self._buffers: deque[_Buffer] = deque()

    @property
    def utterance(self) -> Utterance | None:
        """The oldest buffer: the one whose speech is being found."""
        return self._buffers[0] if self._buffers else None

    @property
    def open(self) -> _Buffer | None:
        """The buffer that audio is being added to, if one has begun."""
        return self._buffers[-1] if self._buffers and self._buffers[-1].end is None else None

    @property
    def deadline(self) -> float | None:
        """When voice activity is not waited for any longer."""
        return self._buffers[0].given_up_at if self._buffers else None

    def on_audio(self, start: int) -> None:
        """Audio has come in that begins at the sample ``start``."""
        if self.open is None:
            self._buffers.append(_Buffer(start=start))

    def on_judged(self) -> Iterator[EndpointingEvent]:
        """Voice activity has judged one more chunk."""
        while self._buffers:
            buffer = self._buffers[0]
            self._find_speech(buffer)
            if buffer.first_speech is not None:
                yield from buffer.pauses(self._detector, self._limits.speculation_pause_ms)
            if buffer.end is None or not self._is_judged(buffer.end):
                return
            yield self._end(buffer, None if buffer.first_speech is None else self.span())

    def complete(self, received: int, now: float) -> Iterator[EndpointingEvent]:
        """The buffer ends at the sample ``received``. Nothing happens where it is empty."""
        buffer = self.open
        if buffer is None:
            return
        buffer.end = received
        unjudged_s = max(0, received - self._detector.position) / SPEECH_RATE
        buffer.given_up_at = now + self._limits.judged_within_s(unjudged_s)
        yield from self.on_judged()

    def interrupt(self) -> None:
        """What has been completed will not be answered. The open buffer will: it is what the client goes on with."""
        for buffer in self._buffers:
            buffer.interrupted = buffer.end is not None

    def on_time(self, now: float) -> Iterator[EndpointingEvent]:
        """Take buffers as they are that voice activity has been given long enough for."""
        while self.deadline is not None and now >= self.deadline:
            yield from self._end_unjudged()

    def leave(self) -> Iterator[EndpointingEvent]:
        """The client changes to free talk: completed buffers are taken as they are."""
        while self.deadline is not None:
            yield from self._end_unjudged()

    def hand_over(self) -> Utterance | None:
        """Give up the open buffer, after ``leave``, to where it goes on in free talk."""
        return self._buffers.popleft() if self._buffers else None

    def take_over(self, start: int, first_speech: int | None) -> None:
        """Go on with what began in free talk: the open buffer holds the audio from the sample ``start`` on."""
        self._buffers.append(_Buffer(start=start, first_speech=first_speech))

    def break_off(self) -> Iterator[EndpointingEvent]:
        """End the open buffer here, after ``leave``: its speech is taken as it is."""
        if self.open is not None:
            yield Ended(self.span() if self.open.first_speech is not None else None, announced=False)
            self._buffers.clear()

    def clear(self) -> Iterator[EndpointingEvent]:
        """Throw away the open buffer. Completed ones are on their way already."""
        if self.open is None:
            return
        buffer = self._buffers.pop()
        if not self._buffers:
            yield Ended(None, buffer.announced)

    def span(self) -> Span:
        """What to recognise now of the oldest buffer."""
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
        """Voice activity is late: better to recognise silence than to lose what was said."""
        buffer = self._buffers[0]
        assert buffer.end is not None
        if buffer.paused:
            # There may be speech behind the pause.
            yield Resumed()
        yield self._end(buffer, Span(buffer.start, buffer.end))

    def _end(self, buffer: _Buffer, span: Span | None) -> Ended:
        self._buffers.popleft()
        return Ended(span, buffer.announced, buffer.interrupted, completed=True)
