"""Endpointing: finds utterances in the user's audio, their pauses and their ends.

Decisions count samples of the user's audio, so that a client that uploads in bursts or faster than real time gets the
same result. Each mode has one rule that uses the wall clock. In free talk, a client that stops sending in the middle of
an utterance counts as silent after the silence limit plus a grace; this is undone if the network had delayed the audio.
In push to talk, a completed buffer waits for VAD only for a limited time.
"""

from collections.abc import Iterator
from typing import Final

from kouyu.conversation.free_talk import FreeTalk
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.limits import Limits
from kouyu.conversation.push_to_talk import CompletedBuffer, PushToTalk, is_push_to_talk
from kouyu.conversation.question import Asked
from kouyu.conversation.speech_detector import ONSET_PROBABILITY, SpeechDetector, samples_in
from kouyu.conversation.utterance import Continued, Ended, EndpointingEvent, Span, Utterance
from kouyu.domain.configuration import TurnDetection
from kouyu.domain.speech_rate import SPEECH_RATE

_FORGET_EVERY_MS: Final = 1000
_CAUGHT_UP_S: Final = 0.3
"""Seconds: after a network stall, the audio has caught up when its lag exceeds the lag before by no more than this.
The audio of a device that sends only speech stays later by its pause, ``Limits.stopped_sending_grace_ms`` or more."""

ECHO_COMES_BACK_MS: Final = 60_000
"""Audio after an echo of the agent's voice in which there will be more."""


class Endpointer:
    """Finds utterances in the turn mode in force. The state of the other mode is empty meanwhile."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._detector = SpeechDetector()
        self._free_talk = FreeTalk(self._detector, limits)
        self._push_to_talk = PushToTalk(self._detector, limits)
        self._received = 0
        self._forgotten = 0
        self._over_echo_until = 0
        """Sample before which an echo of the agent's voice is to be expected."""
        self._heard_from_at = 0.0
        self._lag_s = 0.0
        """Lag of the audio behind the clock, in seconds, when it last arrived steadily."""

    @property
    def utterance(self) -> Utterance | None:
        """The utterance or push-to-talk buffer in progress."""
        return self._free_talk.utterance or self._push_to_talk.utterance

    @property
    def open_buffer(self) -> Utterance | None:
        """The push-to-talk buffer that audio is added to, if one has begun."""
        return self._push_to_talk.open

    @property
    def completed(self) -> list[CompletedBuffer]:
        """The completed push-to-talk buffers whose end VAD has not reached, oldest first."""
        return self._push_to_talk.completed

    def follow_threshold(self, probability: float | None) -> None:
        """Set the VAD probability, 0 to 1, from which speech begins; None: the usual one."""
        self._detector.onset_probability = ONSET_PROBABILITY if probability is None else probability

    @property
    def received(self) -> int:
        """The sample up to which audio has arrived."""
        return self._received

    @property
    def in_speech(self) -> bool:
        """Whether the user is speaking, so that a new interim transcript would be longer."""
        utterance = self.utterance
        if utterance is None or utterance.first_speech is None or not self._detector.in_speech:
            return False
        return self._free_talk.utterance is not None or utterance is self._push_to_talk.open

    @property
    def speech_ms(self) -> int:
        """Length in ms of the utterance in progress, in which there is speech, from its first speech to its last."""
        utterance = self.utterance
        assert utterance is not None
        assert utterance.first_speech is not None
        return (self._detector.speech_end - utterance.first_speech) * 1000 // SPEECH_RATE

    @property
    def position(self) -> int:
        """The sample up to which VAD has processed the audio."""
        return self._detector.position

    @property
    def over_echo(self) -> bool:
        """Whether the agent's voice has come back lately."""
        return self._detector.position < self._over_echo_until

    @property
    def in_buffer(self) -> bool:
        """Whether the next audio belongs to an utterance or push-to-talk buffer in progress."""
        return self._free_talk.utterance is not None or self._push_to_talk.open is not None

    def buffered(self, end: int) -> int:
        """Samples in the open push-to-talk buffer up to the sample ``end``; 0 if none is open."""
        buffer = self._push_to_talk.open
        return end - buffer.start if buffer is not None else 0

    def needed_from(self, turn_detection: TurnDetection) -> int:
        """The first sample that a later order may need; audio before it can be freed."""
        if not is_push_to_talk(turn_detection):
            return self._free_talk.needed_from
        return self.utterance.start if self.utterance is not None else self._received

    def forget(self, turn_detection: TurnDetection) -> int | None:
        """The sample before which audio can be freed; None while that is little more than before."""
        if not self._may_forget(turn_detection):
            return None
        self._forgotten = self.needed_from(turn_detection)
        return self._forgotten

    def _may_forget(self, turn_detection: TurnDetection) -> bool:
        return self.needed_from(turn_detection) - self._forgotten >= samples_in(_FORGET_EVERY_MS)

    def on_audio(self, end: int, turn_detection: TurnDetection, now: float) -> None:
        """Take in that audio has arrived up to the sample ``end``."""
        if is_push_to_talk(turn_detection):
            self._push_to_talk.on_audio(self._received)
        self._received = end
        self._heard_from_at = now
        if self._free_talk.ended_early is None and self._free_talk.rest_of is None:
            self._lag_s = self._lag_now_s(now)

    def on_probability(
        self, judged: SpeechProbability, turn_detection: TurnDetection, onset_ms: int, now: float
    ) -> Iterator[EndpointingEvent]:
        """Take in the VAD result of a chunk. In free talk ``onset_ms`` of speech begin an utterance."""
        self._heard_from_at = now
        if self._free_talk.rest_of is not None and self._lag_now_s(now) - self._lag_s <= _CAUGHT_UP_S:
            yield Continued()
        self._hear(judged)
        if is_push_to_talk(turn_detection):
            yield from self._push_to_talk.on_judged()
        else:
            yield from self._free_talk.on_judged(turn_detection, onset_ms)

    def take_silence(self, judged: SpeechProbability, turn_detection: TurnDetection, now: float) -> bool:
        """Take in the VAD result of a chunk in which nobody speaks, before and after which there is no utterance: no
        event follows from it. Returns False, and takes nothing in, for any other chunk."""
        may_be_speech = self._detector.begins_with(judged.probability)
        if may_be_speech or self.utterance is not None or is_push_to_talk(turn_detection):
            return False
        if self._may_forget(turn_detection):
            return False
        self._heard_from_at = now
        self._hear(judged)
        self._free_talk.on_silence(turn_detection)
        return True

    def _hear(self, judged: SpeechProbability) -> None:
        self._detector.feed(judged.end, judged.probability, judged.levels)
        if judged.echo:
            self._over_echo_until = judged.end + samples_in(ECHO_COMES_BACK_MS)

    def on_turn_judged(self, completeness: float) -> Iterator[EndpointingEvent]:
        """Take in the answer to MayBeOver: the probability (0 to 1) that the user has finished."""
        yield from self._free_talk.on_turn_judged(completeness)

    def judge_again(self) -> Iterator[EndpointingEvent]:
        """Take in that the speech before the silence has another transcript than the one judged by MayBeOver."""
        yield from self._free_talk.judge_again()

    def on_judgement_late(self) -> None:
        """Take in that the judgement requested by MayBeOver did not come in time."""
        self._free_talk.on_judgement_late()

    def complete(self, now: float, *, answers: bool = True) -> Iterator[EndpointingEvent]:
        """End the buffer here (CompleteBuffer), once VAD has processed all of it. ``answers``: an answer follows."""
        yield from self._push_to_talk.complete(self._received, now, answers=answers)

    def take_asked(self) -> list[Asked]:
        """Return what has asked for the answers to completed buffers, which do not answer it any more."""
        return self._push_to_talk.take_asked()

    def interrupt(self) -> None:
        """Mark completed buffers that VAD has not finished as interrupted: they will not be answered."""
        self._push_to_talk.interrupt()

    def clear(self) -> Iterator[EndpointingEvent]:
        """Discard the audio buffered since the last complete (ClearBuffer)."""
        yield from self._push_to_talk.clear()

    def begin_free_talk(self, *, goes_on: bool) -> Iterator[EndpointingEvent]:
        """Switch to free talk: end completed buffers without waiting for VAD. The open buffer continues as an utterance
        if ``goes_on``, and ends here otherwise."""
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
        """Switch to push to talk: the utterance in progress continues as the open buffer if ``goes_on``, and ends here
        otherwise."""
        if not goes_on:
            yield from self._free_talk.break_off(self._received)
        utterance = self._free_talk.hand_over()
        if utterance is not None:
            yield Ended(None, utterance.announced, message_id=utterance.message_id)
            self._push_to_talk.take_over(utterance.start, utterance.first_speech)
        elif goes_on and self._may_have_begun():
            self._push_to_talk.take_over(max(self._free_talk.floor, self._detector.speech_start), None)

    def _may_have_begun(self) -> bool:
        """Free talk: whether there is speech still too short for an utterance, or audio that VAD has not processed."""
        unjudged = self._received - self._detector.position
        return self._detector.in_speech or unjudged >= samples_in(self._limits.speech_start_ms)

    def join(self) -> None:
        """Carry out Continued: move the beginning of the utterance in progress to that of the one before."""
        self._free_talk.join()

    def _lag_now_s(self, now: float) -> float:
        return now - self._received / SPEECH_RATE

    def deadline(self, turn_detection: TurnDetection) -> float | None:
        """When ``on_time`` ends the utterance if no input comes before."""
        if self._free_talk.utterance is None:
            return self._push_to_talk.deadline
        missing_ms = self._free_talk.silence_left_ms(turn_detection)
        return self._heard_from_at + (missing_ms + self._limits.stopped_sending_grace_ms) / 1000

    def on_time(self, turn_detection: TurnDetection, now: float) -> Iterator[EndpointingEvent]:
        """End an utterance whose audio or VAD results have stopped arriving."""
        yield from self._push_to_talk.on_time(now)
        deadline = self.deadline(turn_detection)
        if self._free_talk.utterance is not None and deadline is not None and now >= deadline:
            yield from self._free_talk.on_no_more_audio(self._received)

    def span(self) -> Span:
        """The part of the utterance in progress to recognise now."""
        return self._push_to_talk.span() if self._free_talk.utterance is None else self._free_talk.span()
