"""Free talk: utterances begin with speech and end with silence."""

from collections.abc import Iterator

from kouyu.conversation.end_of_turn import EndOfTurn
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import SpeechDetector, samples_in
from kouyu.conversation.utterance import Ended, EndpointingEvent, MayBeOver, Resumed, Span, SpeechBegan, Utterance
from kouyu.protocol.configuration import TurnDetection


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
        """Sample before which nothing belongs to the next utterance."""

    def on_judged(self, turn_detection: TurnDetection, onset_ms: int) -> Iterator[EndpointingEvent]:
        """Voice activity has judged one more chunk. ``onset_ms`` of speech begin an utterance."""
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
                case "wait":
                    pass

    def _begin(self, turn_detection: TurnDetection, onset_ms: int) -> Iterator[EndpointingEvent]:
        detector = self._detector
        start = max(self.floor, detector.speech_start - samples_in(turn_detection.prefix_padding_ms))
        if not detector.in_speech or detector.speech_ms < onset_ms:
            self.floor = start
            return
        self._end_of_turn.spoke_on()
        self.utterance = Utterance(start=start, first_speech=detector.speech_start)
        yield SpeechBegan()

    def on_turn_judged(self, completeness: float) -> Iterator[EndpointingEvent]:
        """How likely the user has finished, 0 to 1, has been judged as asked by MayBeOver."""
        if self.utterance is not None and self._end_of_turn.judged(completeness) == "end":
            yield self._end(self.utterance, self._detector.position)

    def on_no_more_audio(self, received: int) -> Iterator[EndpointingEvent]:
        """The client has stopped sending in the middle of the utterance, at the sample ``received``."""
        if self.utterance is not None:
            yield self._end(self.utterance, received)

    def hand_over(self) -> Utterance | None:
        """Give up the utterance, to where it goes on in push to talk."""
        utterance, self.utterance = self.utterance, None
        return utterance

    def take_over(self, start: int, first_speech: int | None) -> None:
        """Go on with a push-to-talk buffer that begins at the sample ``start``. Where speech was found in it, it is an
        utterance in progress."""
        self.floor = max(self.floor, start)
        self._end_of_turn.spoke_on()
        if first_speech is not None:
            self.utterance = Utterance(start=start, first_speech=first_speech)

    def silence_left_ms(self, turn_detection: TurnDetection) -> int:
        """Silence still missing until the utterance ends whatever is judged."""
        return max(0, EndOfTurn.longest_silence_ms(turn_detection) - self._detector.silence_ms)

    def span(self) -> Span:
        """What to recognise now of the utterance in progress."""
        assert self.utterance is not None
        return self.utterance.span(self._detector, self._detector.position)

    def _end(self, utterance: Utterance, limit: int) -> Ended:
        span = utterance.span(self._detector, limit)
        self.utterance = None
        self.floor = max(self.floor, span.end)
        return Ended(span, utterance.announced)
