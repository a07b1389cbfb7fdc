"""The user's part of a turn: facts about when it begins, pauses and ends."""

from typing import Final

from kouyu.conversation.effects import Transcribe
from kouyu.conversation.inputs import (
    ConfigurationUpdate,
    Input,
    SpeechProbability,
    TimePassed,
    TurnJudged,
)
from kouyu.conversation.limits import Limits
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.speech_detector import SpeechDetector
from kouyu.diagnostics.audio_clock import AudioClock
from kouyu.diagnostics.facts.user import (
    EndReason,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
)
from kouyu.diagnostics.recognition_side import RecognitionSide
from kouyu.diagnostics.turn_seen import Say, TurnSeen
from kouyu.diagnostics.turns_seen import TurnsSeen
from kouyu.diagnostics.user_track import UserTrack
from kouyu.domain.configuration import Configuration
from kouyu.domain.requests import ClearBuffer

_VOICE_CHUNK: Final = 512
"""Samples of the first chunk, if observation begins in the middle."""


class UserSide:
    """Makes facts of the user's speech, which it finds with the same detector as the conversation."""

    def __init__(
        self,
        *,
        clock: AudioClock,
        turns: TurnsSeen,
        track: UserTrack,
        recognition: RecognitionSide,
        limits: Limits,
        say: Say,
    ) -> None:
        self._clock = clock
        self._turns = turns
        self._track = track
        self._recognition = recognition
        self._limits = limits
        self._say = say
        self._detector = SpeechDetector()
        self._has_judged = False
        self._received = 0
        self._completed_until = 0
        """Sample at which the last push-to-talk buffer was completed."""
        self._completed_has_turn = True

    # Reports

    def on_probability(self, judged: SpeechProbability, configuration: Configuration, at_ms: float) -> None:
        """Follow the VAD result of a chunk."""
        detector = self._detector
        if not self._has_judged:
            self._has_judged, detector.position = True, max(0, judged.end - _VOICE_CHUNK)
        start = detector.position
        detector.feed(judged.end, judged.probability, judged.levels)
        self._track.judged(start, judged.end, judged.probability, at_ms / 1000)
        turn = self._turns.hearing()
        if turn is None and detector.in_speech and is_push_to_talk(configuration.turn_detection):
            turn = self._begin_buffer(judged.end, at_ms)
        if turn is not None:
            turn.longest_speech_ms = max(turn.longest_speech_ms, detector.speech_ms)
            self._pauses(turn, at_ms)

    def _begin_buffer(self, judged_until: int, at_ms: float) -> TurnSeen | None:
        """The turn for speech in a push-to-talk buffer, which may have been completed before VAD reached it."""
        is_over = judged_until <= self._completed_until
        if is_over and self._completed_has_turn:
            return None
        turn = self._turns.begin("push_to_talk", at_ms)
        turn.told = True
        turn.speech_from_ms = self._clock.ms(self._detector.speech_start)
        if is_over:
            self._completed_has_turn = True
            self._end(turn, "client", at_ms)
        return turn

    def _pauses(self, turn: TurnSeen, at_ms: float) -> None:
        if self._detector.in_speech and turn.paused:
            turn.paused = False
            self._say(SpeechResumed(at_ms=at_ms, turn=turn.number))
            self._recognition.discard(turn, "spoke_on", at_ms)
        elif (
            not turn.paused
            and not self._detector.in_speech
            and self._detector.silence_ms >= self._limits.speculation_pause_ms
        ):
            turn.paused = True
            since = self._clock.end_ms(self._detector.speech_end)
            self._say(SpeechPaused(at_ms=at_ms, turn=turn.number, from_ms=since))

    # Effects and other inputs

    def started(self, at_ms: float) -> None:
        """Follow SpeechStarted, which may come only after the turn is over."""
        turn = self._turns.untold() or self._turns.begin("speech", at_ms)
        turn.told = True
        if not turn.over:
            turn.speech_from_ms = self._clock.ms(self._detector.speech_start)
            turn.longest_speech_ms = max(turn.longest_speech_ms, self._detector.speech_ms)
        self._say(SpeechStarted(at_ms=at_ms, turn=turn.number, from_ms=turn.speech_from_ms))

    def ended(self, received: Input, at_ms: float) -> None:
        """Follow the end of the user's turn."""
        turn = self._turns.hearing()
        if turn is not None:
            self._end(turn, self._why_ended(received), at_ms)

    def on_audio(self, end: int) -> None:
        """Note that audio has arrived up to the sample ``end``."""
        self._received = end

    def completed(self, at_ms: float) -> None:
        """Follow CompleteBuffer. Before VAD finds speech there is no turn."""
        turn = self._turns.hearing()
        self._completed_until, self._completed_has_turn = self._received, turn is not None
        if turn is not None:
            self._end(turn, "client", at_ms)

    def thrown_away(self, at_ms: float) -> None:
        """Follow that the utterance in progress was discarded, or its turn mode was left."""
        turn = self._turns.hearing()
        if turn is not None:
            self._end(turn, "discarded", at_ms)

    def _end(self, turn: TurnSeen, reason: EndReason, at_ms: float) -> None:
        turn.over = True
        spoke_until = min(at_ms, self._clock.end_ms(self._detector.speech_end))
        turn.marks.began, turn.marks.over = spoke_until, at_ms
        self._say(
            SpeechEnded(
                at_ms=at_ms,
                turn=turn.number,
                to_ms=spoke_until,
                silence_ms=round(at_ms - spoke_until, 1),
                reason=reason,
            )
        )
        if reason == "discarded":
            self._recognition.discard(turn, "not_needed", at_ms)
        else:
            self._recognition.commit(turn, at_ms)

    def _why_ended(self, received: Input) -> EndReason:
        match received:
            case TurnJudged():
                return "judged_complete"
            case TimePassed():
                return "audio_stopped"
            case ConfigurationUpdate() | ClearBuffer():
                return "discarded"
            case _:
                return "longest_utterance" if self._detector.in_speech else "silence"

    def ordered(self, order: Transcribe, received: Input, at_ms: float) -> None:
        """Follow a Transcribe order."""
        turn = self._turns.of_utterance(order.start) or self._turns.begin("speech", at_ms)
        if turn.start is None:
            turn.start = order.start
        if not turn.told and not turn.over:
            turn.speech_from_ms = turn.speech_from_ms or self._clock.ms(self._detector.speech_start)
            if order.final:  # nothing is prepared before ``speech_started``, so the turn is over
                self._end(turn, self._why_ended(received), at_ms)
        if order.final and turn.over and turn.cause == "push_to_talk":  # VAD may have found the end of the speech since
            turn.marks.began = min(turn.marks.over or at_ms, self._clock.end_ms(self._detector.speech_end))
        self._recognition.ordered(turn, order, at_ms)

    def forget_preparation(self, at_ms: float) -> None:
        """Follow a change of the agent's context, which discards speculation."""
        turn = self._turns.hearing()
        if turn is not None:
            self._recognition.discard(turn, "configuration", at_ms)

    def configured(self, was: Configuration, now_is: Configuration, at_ms: float) -> None:
        """Follow a change of configuration. Between push to talk and free talk earlier speech does not count."""
        self.forget_preparation(at_ms)
        if is_push_to_talk(was.turn_detection) != is_push_to_talk(now_is.turn_detection):
            self.thrown_away(at_ms)
            self._detector.ignore_before(self._detector.position)
