"""From utterances to chats: what each moment of the listening side leads to."""

from collections import deque
from collections.abc import Iterator
from typing import Final, Literal

from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.effects import Effect, ForgetAudio, Send
from kouyu.conversation.limits import Limits
from kouyu.conversation.listening import Ended, Listening, Moment, Paused, Resumed, Span, SpeechBegan
from kouyu.conversation.orders import OrderNumbers
from kouyu.conversation.partial_transcripts import PartialTranscripts
from kouyu.conversation.reply import Reply
from kouyu.conversation.speaking import Speaking
from kouyu.conversation.speech_detector import milliseconds
from kouyu.conversation.turn import ReplyMaker, Turn
from kouyu.protocol.configuration import Configuration
from kouyu.protocol.downlink import DownlinkEvent, Transcript

_FORGET_EVERY_MS: Final = 1000

TranscriptEventType = Literal["conversation.audio_transcript.update", "conversation.audio_transcript.completed"]


class Turns:
    """The utterance in progress, the turn prepared for it, and turns that wait for their transcript, oldest first."""

    def __init__(self, *, orders: OrderNumbers, limits: Limits, speaking: Speaking, make_reply: ReplyMaker) -> None:
        self._orders = orders
        self._limits = limits
        self._speaking = speaking
        self._make_reply = make_reply
        self._listening = Listening(limits)
        self._partials = PartialTranscripts(orders, limits)
        self._prepared: Turn | None = None
        self._pending: deque[Turn] = deque()
        self._forgotten = 0

    @property
    def in_utterance(self) -> bool:
        """The user is in the middle of an utterance or of a push-to-talk buffer."""
        return self._listening.utterance is not None

    def prepared_replies(self) -> list[Reply]:
        """Replies of which nothing can be seen yet."""
        turns = [*self._pending, *([self._prepared] if self._prepared else [])]
        return [turn.reply for turn in turns if turn.reply is not None and turn.reply.phase == "prepared"]

    # What comes in

    def on_audio(self, end: int, configuration: Configuration, now: float) -> None:
        """The user's audio has come in up to the sample ``end``."""
        self._listening.on_audio(end, configuration.turn_detection, now)

    def on_probability(
        self, end: int, probability: float, configuration: Configuration, now: float
    ) -> Iterator[Effect]:
        """A chunk has been judged by voice activity."""
        barge_in = self._barge_in(configuration)
        onset_ms = barge_in.onset_ms if self._speaking.audible(now) else self._limits.speech_start_ms
        moments = self._listening.on_probability(end, probability, configuration.turn_detection, onset_ms, now)
        for moment in moments:
            yield from self._on_moment(moment, configuration, now)
        yield from self._announce(configuration, now)
        utterance = self._listening.utterance
        if utterance is not None and utterance.first_speech is not None and not utterance.paused:
            yield from self._ask_partial(configuration, now)
        yield from self._forget()

    def on_transcript(self, order: int, text: str, configuration: Configuration, now: float) -> Iterator[Effect]:
        """A transcript has come: a partial one, or that of a turn."""
        if self._partials.on_transcript(order, text):
            yield from self._announce(configuration, now)
            utterance = self._listening.utterance
            told = utterance is not None and (utterance.announced or _pushed(configuration))
            if told and configuration.asr_config.stream_mode == "bidirectional_stream":
                yield _send("conversation.audio_transcript.update", self._partials.text)
            return
        for turn in self._turns():
            yield from turn.on_transcript(order, text, now)

    def on_transcript_failed(self, order: int, reason: str) -> None:
        """A transcript will not come."""
        self._partials.on_failure(order)
        for turn in self._turns():
            turn.on_failure(order, reason)

    def on_time(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Time has passed."""
        for turn in self._turns():
            yield from turn.on_time(now)
        for moment in self._listening.on_time(configuration.turn_detection, now):
            yield from self._on_moment(moment, configuration, now)

    def complete(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """``input_audio_buffer.complete``; no effect in free talk."""
        if not _pushed(configuration):
            return
        yield Send(DownlinkEvent("input_audio_buffer.completed"))
        for moment in self._listening.complete(now):
            yield from self._on_moment(moment, configuration, now)

    def clear(self, configuration: Configuration) -> Iterator[Effect]:
        """``input_audio_buffer.clear``; no effect in free talk."""
        if not _pushed(configuration):
            return
        yield from self.discard_utterance()
        yield Send(DownlinkEvent("input_audio_buffer.cleared"))

    def discard_utterance(self) -> Iterator[Effect]:
        """Forget what the user is saying."""
        self._listening.clear()
        yield from self._partials.reset()
        yield from self._roll_back()

    def interrupt_pending(self) -> None:
        """Turns that still wait for their transcript will not be answered."""
        for turn in self._pending:
            turn.interrupted = True

    def deadlines(self, configuration: Configuration) -> Iterator[float | None]:
        """When time alone moves something on."""
        yield self._listening.deadline(configuration.turn_detection)
        for turn in self._turns():
            yield turn.deadline

    def advance(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Publish, in order, the turns whose transcript is there."""
        while self._pending and self._pending[0].resolved:
            yield from self._publish(self._pending.popleft(), configuration, now)

    # What follows

    def _on_moment(self, moment: Moment, configuration: Configuration, now: float) -> Iterator[Effect]:
        match moment:
            case SpeechBegan():
                yield from self._partials.reset()
            case Paused(span):
                if self._limits.speculation and self._may_prepare(configuration):
                    yield from self._prepare(span, configuration, now)
            case Resumed():
                yield from self._roll_back()
            case Ended(span, announced):
                yield from self._on_end(span, announced, configuration, now)

    def _may_prepare(self, configuration: Configuration) -> bool:
        utterance = self._listening.utterance
        return utterance is not None and (utterance.announced or _pushed(configuration))

    def _on_end(self, span: Span | None, announced: bool, configuration: Configuration, now: float) -> Iterator[Effect]:
        yield from self._partials.reset()
        if span is None:
            yield from self._roll_back()
            return
        if self._prepared is None:
            yield from self._prepare(span, configuration, now)
        turn, self._prepared = self._prepared, None
        assert turn is not None
        if _pushed(configuration):
            self.interrupt_pending()
            yield from self._speaking.interrupt(1, now)
        else:
            turn.announced = announced
            if announced:
                yield Send(DownlinkEvent("input_audio_buffer.speech_stopped"))
        yield from turn.commit(now)
        self._pending.append(turn)

    def _prepare(self, span: Span, configuration: Configuration, now: float) -> Iterator[Effect]:
        yield from self._partials.stop()
        self._prepared = Turn(
            span,
            answer=self._limits.speculation,
            configuration=configuration,
            orders=self._orders,
            limits=self._limits,
            make_reply=self._make_reply,
        )
        yield from self._prepared.prepare(now)

    def _roll_back(self) -> Iterator[Effect]:
        if self._prepared is not None:
            turn, self._prepared = self._prepared, None
            yield from turn.roll_back()

    def _publish(self, turn: Turn, configuration: Configuration, now: float) -> Iterator[Effect]:
        """The turn's transcript is there: it becomes a chat."""
        if turn.failure is not None:
            if not turn.interrupted:
                yield from self._speaking.interrupt(1, now)
                yield from self._make_reply("", now).refuse(turn.failure, now)
            return
        reply, transcript = turn.reply, turn.transcript
        if reply is None or not transcript:
            return
        if not turn.announced:
            if self._speaking.audible(now) and not self._barge_in(configuration).interrupts(transcript):
                yield from turn.roll_back()
                return
            yield Send(DownlinkEvent("input_audio_buffer.speech_started"))
            yield Send(DownlinkEvent("input_audio_buffer.speech_stopped"))
        if turn.interrupted:
            yield _send("conversation.audio_transcript.completed", transcript)
            yield from reply.keep_question(now)
            return
        yield from self._speaking.interrupt(1, now)
        yield _send("conversation.audio_transcript.completed", transcript)
        yield from reply.commit(now)
        self._speaking.begin(reply, configuration.output_audio)

    def _announce(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Tell the client that the user speaks, as soon as that is decided. That event is the interruption."""
        utterance = self._listening.utterance
        if utterance is None or utterance.announced or _pushed(configuration):
            return
        if self._speaking.audible(now) and not self._barge_in(configuration).interrupts(self._partials.text):
            return
        utterance.announced = True
        yield Send(DownlinkEvent("input_audio_buffer.speech_started"))
        self.interrupt_pending()
        yield from self._speaking.interrupt(1, now)

    def _ask_partial(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        wanted = configuration.asr_config.stream_mode == "bidirectional_stream"
        if wanted or self._barge_in(configuration).needs_keyword:
            yield from self._partials.ask(self._listening.span(), configuration, now)

    def _forget(self) -> Iterator[Effect]:
        needed_from = self._listening.needed_from
        if needed_from - self._forgotten >= milliseconds(_FORGET_EVERY_MS):
            self._forgotten = needed_from
            yield ForgetAudio(needed_from)

    def _barge_in(self, configuration: Configuration) -> BargeIn:
        return BargeIn(self._limits, configuration.turn_detection.interrupt_config)

    def _turns(self) -> list[Turn]:
        return [*self._pending, *([self._prepared] if self._prepared else [])]


def _pushed(configuration: Configuration) -> bool:
    return configuration.turn_detection.type == "client_interrupt"


def _send(event_type: TranscriptEventType, text: str) -> Send:
    return Send(DownlinkEvent(event_type, Transcript(text)))
