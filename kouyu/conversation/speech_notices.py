"""Tells the client that the user speaks, and decides whether that interrupts the agent."""

from collections.abc import Callable, Iterator

from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.endpointer import Endpointer
from kouyu.conversation.interim_transcripts import InterimTranscripts
from kouyu.conversation.limits import Limits
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import SpeechStarted
from kouyu.domain.options import SessionOptions


class SpeechNotices:
    """What the client knows of the utterance in progress."""

    def __init__(
        self,
        endpointer: Endpointer,
        interims: InterimTranscripts,
        output: OutputSlot,
        *,
        limits: Limits,
        options: Callable[[], SessionOptions],
        new_id: Callable[[], str],
        interrupt_pending: Callable[[], Iterator[Effect]],
    ) -> None:
        """``interrupt_pending`` marks the turns that wait as interrupted."""
        self._endpointer = endpointer
        self._interims = interims
        self._output = output
        self._limits = limits
        self._options = options
        self._new_id = new_id
        self._interrupt_pending = interrupt_pending

    def announce(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Send SpeechStarted once it is certain that the user speaks; this interrupts the agent, where speech does."""
        utterance = self._endpointer.utterance
        if utterance is None or utterance.announced or is_push_to_talk(configuration.turn_detection):
            return
        interrupts = self._options().speech_interrupts
        if interrupts and self._output.audible(now):
            barge_in = self.barge_in(configuration)
            if not barge_in.interrupts(self._interims.text, self._endpointer.speech_ms):
                return
        yield from self.tell()
        if interrupts:
            yield from self._interrupt_pending()
            yield from self._output.interrupt("speech", now)

    def tell(self) -> Iterator[Effect]:
        """Send SpeechStarted for the utterance in progress, if it has not been sent."""
        if (utterance := self._endpointer.utterance) is not None and not utterance.announced:
            utterance.announced = True
            yield Send(SpeechStarted(utterance.start, self.name()))

    def name(self) -> str:
        """The id of the message that the utterance in progress will be."""
        utterance = self._endpointer.utterance
        assert utterance is not None
        return utterance.named(self._new_id)

    def has_come(self, configuration: Configuration) -> bool:
        """Whether the client knows of the utterance in progress."""
        utterance = self._endpointer.utterance
        return utterance is not None and (utterance.announced or is_push_to_talk(configuration.turn_detection))

    def wants_interims(self, configuration: Configuration) -> bool:
        """Whether interim transcripts are needed, by the client or for the decision about an interruption."""
        wanted = configuration.asr_config.stream_mode == "bidirectional_stream"
        return wanted or self.barge_in(configuration).needs_transcript

    def barge_in(self, configuration: Configuration) -> BargeIn:
        """The decision whether the utterance in progress interrupts the agent."""
        interrupt_config = configuration.turn_detection.interrupt_config
        return BargeIn(self._limits, interrupt_config, over_echo=self._endpointer.over_echo)
