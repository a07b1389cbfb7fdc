"""Free talk: utterances begin with speech and end with silence."""

from collections.abc import Iterator

import msgspec

from kouyu.conversation.end_of_turn import EndOfTurn
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.conversation.utterance import Ended, EndpointingEvent, MayBeOver, Resumed, Span, SpeechBegan, Utterance
from kouyu.domain.configuration import TurnDetection
from kouyu.domain.speech_rate import SPEECH_RATE


class EarlyEnd(msgspec.Struct, frozen=True):
    """An utterance that ended because audio stopped arriving: samples of its start, first speech and last speech."""

    start: int
    first_speech: int | None
    speech_end: int


class FreeTalk:
    """Finds utterances under ``server_vad`` and ``semantic_vad``.

    ::

        ______|#########|____|########|__________|
              began     paused        paused     ended
        |-----|prefix_padding_ms
                             resumed

    An utterance includes ``prefix_padding_ms`` of audio before its first speech, but nothing of the utterance before.
    """

    def __init__(self, detector: SpeechDetector, limits: Limits) -> None:
        self._detector = detector
        self._limits = limits
        self._end_of_turn = EndOfTurn(limits)
        self.utterance: Utterance | None = None
        self.floor = 0
        """Earliest sample at which the next utterance may begin."""
        self.ended_early: EarlyEnd | None = None
        """The last utterance, if it ended early and no silence in the audio has confirmed its end."""
        self.rest_of: EarlyEnd | None = None
        """The utterance that the one in progress may continue: the audio between them has no silence."""

    def on_judged(self, turn_detection: TurnDetection, onset_ms: int) -> Iterator[EndpointingEvent]:
        """Take in that VAD has processed one more chunk. ``onset_ms`` of speech begin an utterance."""
        utterance, detector = self.utterance, self._detector
        if utterance is None:
            yield from self._begin(turn_detection, onset_ms)
            return
        if detector.in_speech and self._end_of_turn.asked and not utterance.paused:
            yield Resumed()
        if detector.in_speech:
            self._end_of_turn.spoke_on()
        yield from utterance.pauses(detector, self._limits.speculation_pause_ms)
        if detector.position - utterance.start > samples_in(self._limits.longest_utterance_ms):
            yield self._end(utterance, detector.position)
        elif not detector.in_speech:
            match self._end_of_turn.after_silence(detector.nearest_silence_ms, turn_detection):
                case "end":
                    yield self._end(utterance, detector.position)
                case "judge":
                    yield MayBeOver(self.span())

    def _begin(self, turn_detection: TurnDetection, onset_ms: int) -> Iterator[EndpointingEvent]:
        detector = self._detector
        if not detector.in_speech or detector.speech_ms < onset_ms:
            self.on_silence(turn_detection)
            return
        start = self._earliest_start(turn_detection)
        self._let_end((detector.speech_start - self._last_speech_end) * 1000 // SPEECH_RATE, turn_detection)
        self.rest_of, self.ended_early = self.ended_early, None
        self._end_of_turn.spoke_on()
        self.utterance = Utterance(start=start, first_speech=detector.speech_start)
        yield SpeechBegan()

    def on_silence(self, turn_detection: TurnDetection) -> None:
        """Take in that VAD has processed one more chunk, with which no utterance begins."""
        self.floor = self._earliest_start(turn_detection)
        self._let_end(self._detector.silence_ms, turn_detection)

    def _earliest_start(self, turn_detection: TurnDetection) -> int:
        return max(self.floor, self._detector.speech_start - samples_in(turn_detection.prefix_padding_ms))

    @property
    def _last_speech_end(self) -> int:
        return self.ended_early.speech_end if self.ended_early is not None else 0

    def _let_end(self, silence_ms: int, turn_detection: TurnDetection) -> None:
        """Confirm the end of the last utterance if ``silence_ms`` of audio after it is long enough."""
        if self.ended_early is not None and silence_ms >= EndOfTurn.longest_silence_ms(turn_detection):
            self.ended_early = None

    def join(self) -> None:
        """Merge the utterance in progress with the one before."""
        assert self.utterance is not None
        assert self.rest_of is not None
        self.utterance.start, self.utterance.first_speech = self.rest_of.start, self.rest_of.first_speech
        self.rest_of = None

    @property
    def needed_from(self) -> int:
        """The first sample that a later order may need; audio before it can be freed."""
        start = self.floor if self.utterance is None else self.utterance.start
        if self.ended_early is None and self.rest_of is None:
            return start
        return min([start, *(one.start for one in (self.ended_early, self.rest_of) if one is not None)])

    def on_turn_judged(self, completeness: float) -> Iterator[EndpointingEvent]:
        """Take in the answer to MayBeOver: the probability (0 to 1) that the user has finished."""
        if self.utterance is not None and self._end_of_turn.judged(completeness) == "end":
            yield self._end(self.utterance, self._detector.position)

    def judge_again(self) -> Iterator[EndpointingEvent]:
        """Request another judgement, if one was requested for this silence: the speech has another transcript now."""
        if self.utterance is not None and self._end_of_turn.judge_again() == "judge":
            yield MayBeOver(self.span())

    def on_judgement_late(self) -> None:
        """Take in that the judgement requested by MayBeOver did not come in time."""
        self._end_of_turn.judgement_late()

    def on_no_more_audio(self, received: int) -> Iterator[EndpointingEvent]:
        """End the utterance early: the client stopped sending in the middle of it, at the sample ``received``."""
        utterance = self.utterance
        assert utterance is not None
        ended_early = EarlyEnd(utterance.start, utterance.first_speech, self._detector.speech_end)
        ended = self._end(utterance, received)
        self.ended_early = ended_early
        yield msgspec.structs.replace(ended, early=True)

    def break_off(self, received: int) -> Iterator[EndpointingEvent]:
        """End the utterance here, at the sample ``received``."""
        if self.utterance is not None:
            yield self._end(self.utterance, received)

    def hand_over(self) -> Utterance | None:
        """Return the utterance in progress and drop it here; it continues in push to talk."""
        utterance, self.utterance = self.utterance, None
        self.ended_early = self.rest_of = None
        return utterance

    def take_over(self, start: int, first_speech: int | None) -> None:
        """Continue a push-to-talk buffer that begins at the sample ``start``. If speech was found in it, it becomes the
        utterance in progress."""
        self.floor = max(self.floor, start)
        self._end_of_turn.spoke_on()
        if first_speech is not None:
            self.utterance = Utterance(start=start, first_speech=first_speech)

    def silence_left_ms(self, turn_detection: TurnDetection) -> int:
        """Silence in ms still missing until the utterance ends whatever the judgement."""
        return max(0, EndOfTurn.longest_silence_ms(turn_detection) - self._detector.silence_ms)

    def span(self) -> Span:
        """The part of the utterance in progress to recognise now."""
        assert self.utterance is not None
        return self.utterance.span(self._detector, self._detector.position)

    def _end(self, utterance: Utterance, limit: int) -> Ended:
        span = utterance.span(self._detector, limit)
        self.utterance = self.rest_of = self.ended_early = None
        self.floor = max(self.floor, span.end)
        return Ended(span, utterance.announced, message_id=utterance.message_id)
