"""The listening side: which stretch of the user's audio is an utterance, and when it pauses and ends.

Decisions count samples of the user's audio, so that a client that uploads in bursts or faster than real time gets the
same result. The wall clock enters in one rule of each mode: a client that stops sending in the middle of an utterance
is treated as silent after the silence limit plus a grace, which is taken back where the network had held the audio up;
and a completed push-to-talk buffer waits only so long for voice activity.
"""

from collections.abc import Iterator
from typing import Final

from kouyu.conversation.free_talk import FreeTalk
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.limits import Limits
from kouyu.conversation.push_to_talk import PushToTalk, is_push_to_talk
from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.conversation.utterance import Continued, Ended, EndpointingEvent, Span, Utterance
from kouyu.protocol.configuration import TurnDetection
from kouyu.protocol.speech_rate import SPEECH_RATE

_CAUGHT_UP_S: Final = 0.3
"""After a stall audio is in step again when it is no later than before but for this. Audio of a device that sends
speech alone stays as much later as the device paused, which is ``Limits.stopped_sending_grace_ms`` at least."""


class Endpointer:
    """Finds utterances in the turn mode that is in force. The other mode's side is empty meanwhile."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._detector = SpeechDetector()
        self._free_talk = FreeTalk(self._detector, limits)
        self._push_to_talk = PushToTalk(self._detector, limits)
        self._received = 0
        self._heard_from_at = 0.0
        self._lag_s = 0.0
        """How far the audio was behind the clock when it last came steadily."""

    @property
    def utterance(self) -> Utterance | None:
        """The utterance or push-to-talk buffer that is being heard."""
        return self._free_talk.utterance or self._push_to_talk.utterance

    @property
    def in_speech(self) -> bool:
        """The user is in the middle of speaking, so that a new interim transcript would say more."""
        utterance = self.utterance
        if utterance is None or utterance.first_speech is None or not self._detector.in_speech:
            return False
        return self._free_talk.utterance is not None or utterance is self._push_to_talk.open

    @property
    def speech_ms(self) -> int:
        """Length of what has been said of the utterance so far, from its first speech to its last; 0 for none."""
        utterance = self.utterance
        if utterance is None or utterance.first_speech is None:
            return 0
        return (self._detector.speech_end - utterance.first_speech) * 1000 // SPEECH_RATE

    @property
    def in_buffer(self) -> bool:
        """The next audio belongs to an utterance or push-to-talk buffer that has begun."""
        return self._free_talk.utterance is not None or self._push_to_talk.open is not None

    def buffered(self, end: int) -> int:
        """Samples in the push-to-talk buffer that is open at the sample ``end``; 0 where none is."""
        buffer = self._push_to_talk.open
        return end - buffer.start if buffer is not None else 0

    def needed_from(self, turn_detection: TurnDetection) -> int:
        """Audio before this sample belongs to nothing that may still be asked for."""
        if not is_push_to_talk(turn_detection):
            return self._free_talk.needed_from
        return self.utterance.start if self.utterance is not None else self._received

    def on_audio(self, end: int, turn_detection: TurnDetection, now: float) -> None:
        """Audio has come in up to the sample ``end``."""
        if is_push_to_talk(turn_detection):
            self._push_to_talk.on_audio(self._received)
        self._received = end
        self._heard_from_at = now
        if self._free_talk.ended_early is None and self._free_talk.rest_of is None:
            self._lag_s = self._lag_now_s(now)

    def on_probability(
        self, judged: SpeechProbability, turn_detection: TurnDetection, onset_ms: int, now: float
    ) -> Iterator[EndpointingEvent]:
        """A chunk has been judged. ``onset_ms`` of speech begin to talk freely."""
        self._heard_from_at = now
        if self._free_talk.rest_of is not None and self._lag_now_s(now) - self._lag_s <= _CAUGHT_UP_S:
            yield Continued()
        self._detector.feed(judged.end, judged.probability, judged.levels)
        if is_push_to_talk(turn_detection):
            yield from self._push_to_talk.on_judged()
        else:
            yield from self._free_talk.on_judged(turn_detection, onset_ms)

    def on_turn_judged(self, completeness: float) -> Iterator[EndpointingEvent]:
        """How likely the user has finished, 0 to 1, has been judged as asked by MayBeOver."""
        yield from self._free_talk.on_turn_judged(completeness)

    def on_judgement_late(self) -> None:
        """The judgement that MayBeOver asks for has not come in time."""
        self._free_talk.on_judgement_late()

    def complete(self, now: float) -> Iterator[EndpointingEvent]:
        """``input_audio_buffer.complete``: the buffer ends here, once voice activity has judged all of it."""
        yield from self._push_to_talk.complete(self._received, now)

    def interrupt(self) -> None:
        """The client goes on: what was completed and is not judged to its end yet will not be answered."""
        self._push_to_talk.interrupt()

    def clear(self) -> Iterator[EndpointingEvent]:
        """``input_audio_buffer.clear``: throw away the audio buffered since the last complete."""
        yield from self._push_to_talk.clear()

    def begin_free_talk(self, *, goes_on: bool) -> Iterator[EndpointingEvent]:
        """Push to talk is over: completed buffers are taken as they are. The open one goes on as an utterance, or where
        it cannot go on, ends here."""
        yield from self._push_to_talk.leave()
        if not goes_on:
            yield from self._push_to_talk.break_off()
        buffer = self._push_to_talk.hand_over()
        if buffer is None:
            self._free_talk.take_over(self._received, None)
        else:
            self._free_talk.take_over(buffer.start, buffer.first_speech)
        if self._free_talk.utterance is None:
            self._detector.ignore_before(self._free_talk.floor)

    def begin_push_to_talk(self, *, goes_on: bool) -> Iterator[EndpointingEvent]:
        """Free talk is over: what is being said goes on in the open buffer, or where it cannot go on, ends here."""
        if not goes_on:
            yield from self._free_talk.break_off(self._received)
        utterance = self._free_talk.hand_over()
        if utterance is not None:
            yield Ended(None, utterance.announced)
            self._push_to_talk.take_over(utterance.start, utterance.first_speech)
        elif goes_on and self._may_have_begun():
            self._push_to_talk.take_over(max(self._free_talk.floor, self._detector.speech_start), None)

    def _may_have_begun(self) -> bool:
        """Free talk: there is speech that is too short for an utterance yet, or audio that is still to be judged."""
        unjudged = self._received - self._detector.position
        return self._detector.in_speech or unjudged >= samples_in(self._limits.speech_start_ms)

    def join(self) -> None:
        """Continued has been taken up: the utterance that is being heard begins where the one before it began."""
        self._free_talk.join()

    def _lag_now_s(self, now: float) -> float:
        return now - self._received / SPEECH_RATE

    def deadline(self, turn_detection: TurnDetection) -> float | None:
        """When time alone ends the utterance."""
        if self._free_talk.utterance is None:
            return self._push_to_talk.deadline
        missing_ms = self._free_talk.silence_left_ms(turn_detection)
        return self._heard_from_at + (missing_ms + self._limits.stopped_sending_grace_ms) / 1000

    def on_time(self, turn_detection: TurnDetection, now: float) -> Iterator[EndpointingEvent]:
        """Time has passed: end an utterance whose audio, or whose voice activity, has stopped coming."""
        yield from self._push_to_talk.on_time(now)
        deadline = self.deadline(turn_detection)
        if self._free_talk.utterance is not None and deadline is not None and now >= deadline:
            yield from self._free_talk.on_no_more_audio(self._received)

    def span(self) -> Span:
        """The stretch to recognise now of the utterance being heard."""
        return self._push_to_talk.span() if self._free_talk.utterance is None else self._free_talk.span()
