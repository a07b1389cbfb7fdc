"""Turns utterances into chats: carries out each event of endpointing."""

from collections import deque
from collections.abc import Iterator
from typing import Final, Literal

from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.effects import CancelJudgement, Effect, ForgetAudio, JudgeTurn, Send
from kouyu.conversation.endpointer import Endpointer
from kouyu.conversation.inputs import SpeechProbability, TranscriptReady
from kouyu.conversation.interim_transcripts import InterimTranscripts
from kouyu.conversation.last_speaker import LastSpeaker
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.pending_order import PendingOrder
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.reply import Reply
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.turn import ReplyMaker, Turn
from kouyu.conversation.utterance import (
    Continued,
    Ended,
    EndpointingEvent,
    MayBeOver,
    Paused,
    Resumed,
    Span,
    SpeechBegan,
)
from kouyu.protocol.configuration import Configuration
from kouyu.protocol.downlink import DownlinkEvent, Transcript
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.protocol.user_voice import UNKNOWN_VOICE, UserVoice

_FORGET_EVERY_MS: Final = 1000

TranscriptEventType = Literal["conversation.audio_transcript.update", "conversation.audio_transcript.completed"]


class Turns:
    """Holds the turn prepared for the utterance in progress, and turns that wait for their transcript, oldest first."""

    def __init__(self, *, orders: OrderNumbers, limits: Limits, output: OutputSlot, make_reply: ReplyMaker) -> None:
        self._orders = orders
        self._limits = limits
        self._output = output
        self._make_reply = make_reply
        self._endpointer = Endpointer(limits)
        self._interims = InterimTranscripts(orders, limits)
        self._judgement = PendingOrder(CancelJudgement)
        self._last_speaker = LastSpeaker()
        self._prepared: Turn | None = None
        self._pending: deque[Turn] = deque()
        self._ended_early: Turn | None = None
        """The last turn, if its utterance ended because audio stopped arriving."""
        self._forgotten = 0
        self.under_pressure = False
        """Whether the engines are overloaded, so that nothing is prepared speculatively."""

    @property
    def _speculates(self) -> bool:
        return self._limits.speculation and not self.under_pressure

    @property
    def in_buffer(self) -> bool:
        """The user is in the middle of an utterance or of a push-to-talk buffer."""
        return self._endpointer.in_buffer

    def buffered_s(self, end: int) -> float:
        """How much audio the push-to-talk buffer holds that is open at the sample ``end``, in seconds."""
        return self._endpointer.buffered(end) / SPEECH_RATE

    def prepared_replies(self) -> list[Reply]:
        """Replies that are prepared and not committed; at most one."""
        reply = self._prepared.reply if self._prepared is not None else None
        return [reply] if reply is not None else []

    # Inputs

    def on_audio(self, end: int, configuration: Configuration, now: float) -> None:
        """The user's audio has come in up to the sample ``end``."""
        self._endpointer.on_audio(end, configuration.turn_detection, now)

    def on_probability(self, judged: SpeechProbability, configuration: Configuration, now: float) -> Iterator[Effect]:
        """A chunk has been judged by voice activity."""
        audible = self._output.audible(now)
        onset_ms = self._barge_in(configuration).onset_ms if audible else self._limits.speech_start_ms
        moments = self._endpointer.on_probability(judged, configuration.turn_detection, onset_ms, now)
        yield from self._on_moments(moments, configuration, now)
        yield from self._announce(configuration, now)
        if self._endpointer.in_speech:
            yield from self._ask_interim(configuration, now)
        yield from self._forget(configuration)

    def on_transcript(self, received: TranscriptReady, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Take in an interim or final transcript."""
        if self._interims.on_transcript(received.order, received.text, received.language):
            yield from self._announce(configuration, now)
            wanted = configuration.asr_config.stream_mode == "bidirectional_stream"
            if wanted and self._client_knows_of_utterance(configuration):
                yield _send("conversation.audio_transcript.update", self._interims.text)
            yield from self._read_ahead(now)
        for turn in self._turns():
            turn.on_transcript(received)

    def on_transcript_failed(self, order: int, reason: str) -> None:
        """Take in that recognition failed."""
        self._interims.on_failure(order)
        for turn in self._turns():
            turn.on_failure(order, reason)

    def on_turn_judged(
        self, order: int, completeness: float, configuration: Configuration, now: float
    ) -> Iterator[Effect]:
        """Take in the probability (0 to 1) that the user has finished."""
        if self._judgement.answered_by(order):
            yield from self._on_moments(self._endpointer.on_turn_judged(completeness), configuration, now)

    def on_time(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Carry out the deadlines that are due."""
        for turn in self._turns():
            yield from turn.on_time(now)
        yield from self._interims.on_time(now)
        if self._judgement.is_late(now):
            yield from self._judgement.stop()
            self._endpointer.on_judgement_late()
        yield from self._on_moments(self._endpointer.on_time(configuration.turn_detection, now), configuration, now)

    def complete(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Carry out ``input_audio_buffer.complete`` in push to talk."""
        yield from self._interims.stop()
        yield Send(DownlinkEvent("input_audio_buffer.completed"))
        yield from self._on_moments(self._endpointer.complete(now), configuration, now)

    def clear(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """``input_audio_buffer.clear``, in push to talk."""
        yield from self._on_moments(self._endpointer.clear(), configuration, now)
        yield Send(DownlinkEvent("input_audio_buffer.cleared"))

    def change_mode(self, before: Configuration, now: float, *, goes_on: bool) -> Iterator[Effect]:
        """Between push to talk and free talk. What the user is in the middle of saying goes on in the new mode; where
        its audio cannot go on, it ends in the mode ``before``."""
        endpointer = self._endpointer
        begin = endpointer.begin_free_talk if is_push_to_talk(before.turn_detection) else endpointer.begin_push_to_talk
        yield from self._on_moments(begin(goes_on=goes_on), before, now)

    def forget_preparation(self) -> Iterator[Effect]:
        """Discard the prepared turn, because the agent's context has changed; it is made again at its end."""
        if self._prepared is not None:
            turn, self._prepared = self._prepared, None
            yield from turn.roll_back()

    def finish_in_old_conversation(self, make_reply: ReplyMaker) -> None:
        """Answer all turns so far by ``make_reply``, in the conversation that is being left."""
        for turn in self._pending:
            if turn.make_reply == self._make_reply:
                turn.make_reply = make_reply

    def interrupt_pending(self) -> None:
        """What has been said and still waits, for its end to be found or for its transcript, will not be answered."""
        self._endpointer.interrupt()
        self._interrupt_turns()

    def _interrupt_turns(self) -> None:
        for turn in self._pending:
            turn.interrupted = True

    def deadlines(self, configuration: Configuration) -> Iterator[float | None]:
        """When time alone moves something on."""
        yield self._endpointer.deadline(configuration.turn_detection)
        yield self._interims.deadline
        yield self._judgement.deadline
        for turn in self._turns():
            yield turn.deadline

    def advance(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Publish, in order, the turns whose transcript has come, and prepare the next reply."""
        while self._pending and self._pending[0].resolved:
            yield from self._publish(self._pending.popleft(), configuration, now)
        yield from self._drop_failed_preparation(now)
        # Not while something is still to join the context: an earlier question, or what is heard of an answer.
        if self._prepared is not None and not self._pending and not self._output.audible(now):
            self._last_speaker.stand_in(self._prepared, configuration.voice_print_config)
            yield from self._prepared.try_reply(now)

    # Consequences

    def _on_moments(
        self, moments: Iterator[EndpointingEvent], configuration: Configuration, now: float
    ) -> Iterator[Effect]:
        for moment in moments:
            match moment:
                case SpeechBegan():
                    yield from self._interims.reset()
                case Paused(span):
                    if self._speculates and self._client_knows_of_utterance(configuration):
                        yield from self._interims.stop()
                        yield from self._prepare(span, configuration, now)
                case MayBeOver(span):
                    yield from self._judge(span, now)
                case Resumed():
                    yield from self._judgement.stop()
                    if self._prepared is not None and self._wants_interims(configuration):
                        self._prepared.hand_over(self._interims, now)
                    yield from self.forget_preparation()
                case Continued():
                    yield from self._take_back(now)
                case Ended():
                    yield from self._on_end(moment, configuration, now)

    def _on_end(self, ended: Ended, configuration: Configuration, now: float) -> Iterator[Effect]:
        yield from self._interims.reset()
        yield from self._judgement.stop()
        if ended.announced:
            yield Send(DownlinkEvent("input_audio_buffer.speech_stopped"))
        if ended.span is None:
            yield from self.forget_preparation()
            if ended.completed:
                self._pending.append(self._nothing_said())
            return
        if self._prepared is None:
            yield from self._prepare(ended.span, configuration, now)
        turn, self._prepared = self._prepared, None
        assert turn is not None
        turn.completed = ended.completed
        if not is_push_to_talk(configuration.turn_detection):
            turn.announced = ended.announced
        elif ended.interrupted:
            turn.interrupted = True
        else:
            self._interrupt_turns()
            yield from self._output.interrupt(1, now)
        turn.commit(now)
        self._pending.append(turn)
        self._ended_early = turn if ended.early else None

    def _take_back(self, now: float) -> Iterator[Effect]:
        """Merge the last turn's utterance with the one in progress, which continues it, if none of its answer has been
        heard."""
        turn, self._ended_early = self._ended_early, None
        if turn is None:
            return
        if turn in self._pending:
            self._pending.remove(turn)
            yield from turn.roll_back()
        elif turn.reply is not None and turn.reply.may_be_taken_back:
            yield from self._tell_of_speech()
            if self._output.reply() is turn.reply:
                yield from self._output.interrupt(1, now)
            yield from turn.reply.forget_question()
        else:
            return
        yield from self.forget_preparation()
        self._endpointer.join()

    def _tell_of_speech(self) -> Iterator[Effect]:
        utterance = self._endpointer.utterance
        if utterance is not None and not utterance.announced:
            utterance.announced = True
            yield Send(DownlinkEvent("input_audio_buffer.speech_started"))

    def _nothing_said(self) -> Turn:
        """A turn for a completed buffer without speech, to keep its place in the order of turns."""
        turn = Turn(Span(0, 0), orders=self._orders, limits=self._limits, make_reply=self._make_reply)
        turn.skip_transcript()
        turn.completed = True
        return turn

    def _prepare(self, span: Span, configuration: Configuration, now: float) -> Iterator[Effect]:
        self._prepared = Turn(span, orders=self._orders, limits=self._limits, make_reply=self._make_reply)
        yield from self._prepared.transcribe(configuration, now)

    def _read_ahead(self, now: float) -> Iterator[Effect]:
        if self._speculates and not self._pending and not self._output.audible(now):
            yield from self._make_reply(self._interims.text, now).read_ahead()

    def _drop_failed_preparation(self, now: float) -> Iterator[Effect]:
        """Discard a failed preparation of a turn that is not over yet; it is ordered again when the turn is over."""
        turn = self._prepared
        if turn is not None and turn.failure is not None:
            yield from self.forget_preparation()
        elif turn is not None and turn.reply is not None and turn.reply.failure(now) is not None:
            yield from turn.drop_reply()

    def _judge(self, span: Span, now: float) -> Iterator[Effect]:
        prepared = self._prepared
        known = prepared if prepared is not None and prepared.transcript else None
        transcript, language = (
            (known.transcript, known.language) if known is not None else (self._interims.text, self._interims.language)
        )
        yield from self._judgement.stop()
        order = self._orders.next()
        self._judgement.wait(order, now, within_s=self._limits.turn_judgement_s)
        yield JudgeTurn(order, span.start, span.end, transcript, language)

    def _publish(self, turn: Turn, configuration: Configuration, now: float) -> Iterator[Effect]:
        """The turn's transcript is there: it becomes a chat."""
        if not turn.announced and self._output.audible(now) and not self._interrupts(turn.transcript, configuration):
            yield from turn.roll_back()
            return
        if turn.failure is not None:
            if not turn.interrupted:
                yield from self._output.interrupt(1, now)
                yield from turn.new_reply(now).refuse(turn.failure, now)
            return
        if not turn.transcript:
            if turn.completed:
                yield _send("conversation.audio_transcript.completed", "")
            return
        self._last_speaker.stand_in(turn, configuration.voice_print_config)
        self._last_speaker.remember(turn)
        if turn.interrupted:
            yield from turn.drop_reply()
            yield _send("conversation.audio_transcript.completed", turn.transcript, turn.voice)
            turn.reply = turn.new_reply(now)
            yield from turn.reply.keep_question(now)
            return
        if not turn.announced:
            yield Send(DownlinkEvent("input_audio_buffer.speech_started"))
            yield Send(DownlinkEvent("input_audio_buffer.speech_stopped"))
        yield from self._output.interrupt(1, now)
        yield _send("conversation.audio_transcript.completed", turn.transcript, turn.voice)
        yield from turn.ask(now)
        assert turn.reply is not None
        yield from turn.reply.commit(now)
        self._output.begin(turn.reply, configuration.output_audio)

    def _announce(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Tell the client that the user speaks, as soon as that is decided. That event is the interruption."""
        utterance = self._endpointer.utterance
        if utterance is None or utterance.announced or is_push_to_talk(configuration.turn_detection):
            return
        if self._output.audible(now) and not self._barge_in(configuration).interrupts(
            self._interims.text, self._endpointer.speech_ms
        ):
            return
        yield from self._tell_of_speech()
        self.interrupt_pending()
        yield from self._output.interrupt(1, now)

    def _client_knows_of_utterance(self, configuration: Configuration) -> bool:
        utterance = self._endpointer.utterance
        return utterance is not None and (utterance.announced or is_push_to_talk(configuration.turn_detection))

    def _ask_interim(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        if self._wants_interims(configuration):
            yield from self._interims.ask(self._endpointer.span(), configuration, now)

    def _wants_interims(self, configuration: Configuration) -> bool:
        wanted = configuration.asr_config.stream_mode == "bidirectional_stream"
        return wanted or self._barge_in(configuration).needs_transcript

    def _forget(self, configuration: Configuration) -> Iterator[Effect]:
        needed_from = self._endpointer.needed_from(configuration.turn_detection)
        if needed_from - self._forgotten >= samples_in(_FORGET_EVERY_MS):
            self._forgotten = needed_from
            yield ForgetAudio(needed_from)

    def _interrupts(self, transcript: str, configuration: Configuration) -> bool:
        """Whether speech that ended without interrupting the agent does so by its final transcript."""
        return bool(transcript) and self._barge_in(configuration).interrupts(transcript, speech_ms=0)

    def _barge_in(self, configuration: Configuration) -> BargeIn:
        return BargeIn(self._limits, configuration.turn_detection.interrupt_config)

    def _turns(self) -> list[Turn]:
        return [*self._pending, *([self._prepared] if self._prepared else [])]


def _send(event_type: TranscriptEventType, text: str, voice: UserVoice = UNKNOWN_VOICE) -> Send:
    return Send(DownlinkEvent(event_type, Transcript(text, voice.voice_print, voice.gender, voice.emotion)))
