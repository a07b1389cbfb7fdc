"""Turns utterances into chats: carries out each event of endpointing, on the prepared turn and on those that wait."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import assert_never

from kouyu.conversation.effects import Effect, ForgetAudio, Send
from kouyu.conversation.ended_utterances import EndedUtterances
from kouyu.conversation.endpointer import Endpointer
from kouyu.conversation.inputs import SpeechProbability, TranscriptReady
from kouyu.conversation.interim_transcripts import InterimTranscripts
from kouyu.conversation.last_speaker import LastSpeaker
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.pending_turns import PendingTurns
from kouyu.conversation.preparation import Preparation
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.quiet_audio import QuietAudio
from kouyu.conversation.reading_ahead import ReadingAhead
from kouyu.conversation.reply import Reply
from kouyu.conversation.speech_notices import SpeechNotices
from kouyu.conversation.turn import ReplyMaker, Turn
from kouyu.conversation.turn_judgement import TurnJudgement
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
from kouyu.conversation.waiting_requests import OVERTAKEN, CarryOut, refused
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import BufferCleared, BufferCompleted, TranscriptChanged
from kouyu.domain.ids import NO_ID
from kouyu.domain.options import SessionOptions
from kouyu.domain.requests import AnswerNow, WriteMessage
from kouyu.domain.speech_rate import SPEECH_RATE


class Turns:
    """Follows the user's speech: prepares a turn at a pause, and commits it or rolls it back."""

    def __init__(
        self,
        *,
        orders: OrderNumbers,
        limits: Limits,
        output: OutputSlot,
        make_reply: ReplyMaker,
        new_id: Callable[[], str],
        options: Callable[[], SessionOptions],
        carry_out: CarryOut,
    ) -> None:
        """``carry_out`` carries out requests of the client that have waited for the turns before them."""
        self._limits = limits
        self._new_id = new_id
        self._options = options
        self._carry_out_now = carry_out
        self._output = output
        self._make_reply = make_reply
        self._endpointer = Endpointer(limits)
        self._interims = InterimTranscripts(orders, limits)
        self._reading_ahead = ReadingAhead(make_reply, self._interims, allowed=self._may_read_ahead)
        self._judgement = TurnJudgement(orders, limits)
        self._last_speaker = LastSpeaker()
        new_turn = partial(Turn, orders=orders, limits=limits, make_reply=make_reply)
        self._preparation = Preparation(new_turn)
        self._pending = PendingTurns(
            new_turn,
            output=output,
            last_speaker=self._last_speaker,
            limits=limits,
            completed=lambda: self._endpointer.completed,
            carry_out=self._carry_out,
        )
        self._notices = SpeechNotices(
            self._endpointer,
            self._interims,
            output,
            limits=limits,
            options=options,
            new_id=new_id,
            interrupt_pending=self.interrupt_pending,
        )
        self.quiet_audio = QuietAudio(
            self._endpointer, preparation=self._preparation, pending=self._pending, output=output
        )
        self._ended = EndedUtterances(
            self._endpointer,
            self._notices,
            preparation=self._preparation,
            pending=self._pending,
            output=output,
            options=options,
            new_id=new_id,
        )
        self.under_pressure = False
        """Whether the engines are overloaded, so that nothing is prepared speculatively."""

    @property
    def _speculates(self) -> bool:
        return self._limits.speculation and not self.under_pressure

    @property
    def in_buffer(self) -> bool:
        """Whether an utterance or a push-to-talk buffer is in progress."""
        return self._endpointer.in_buffer

    @property
    def received(self) -> int:
        """The sample up to which the user's audio has arrived."""
        return self._endpointer.received

    @property
    def unanswered(self) -> bool:
        """Something that the user says, or has said, has not become a chat yet."""
        return self.in_buffer or bool(self._pending)

    def buffered_s(self, end: int) -> float:
        """Length in seconds of the open push-to-talk buffer up to the sample ``end``; 0 if none is open."""
        return self._endpointer.buffered(end) / SPEECH_RATE

    def prepared_replies(self) -> list[Reply]:
        """Replies that are prepared and not committed: of the utterance in progress, and of a turn that waits."""
        return [turn.reply for turn in self._turns() if turn.reply is not None]

    # Inputs

    def follow_options(self, options: SessionOptions) -> None:
        """Set from which probability on a chunk is speech."""
        self._endpointer.follow_threshold(options.speech_threshold)

    def on_audio(self, end: int, configuration: Configuration, now: float) -> None:
        """Take in that the user's audio has arrived up to the sample ``end``."""
        self._endpointer.on_audio(end, configuration.turn_detection, now)

    def on_probability(self, judged: SpeechProbability, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Take in the VAD result of a chunk."""
        audible = self._output.audible(now)
        onset_ms = self._notices.barge_in(configuration).onset_ms if audible else self._limits.speech_start_ms
        moments = self._endpointer.on_probability(judged, configuration.turn_detection, onset_ms, now)
        yield from self._on_moments(moments, configuration, now)
        yield from self._notices.announce(configuration, now)
        if self._endpointer.in_speech and self._notices.wants_interims(configuration):
            yield from self._interims.ask(self._endpointer.span(), configuration, now, self._endpointer.speech_ms)
        if (needed_from := self._endpointer.forget(configuration.turn_detection)) is not None:
            yield ForgetAudio(needed_from)

    def on_transcript(self, received: TranscriptReady, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Take in an interim or final transcript."""
        if self._interims.on_transcript(received.order, received.text, received.language, now):
            yield from self._notices.announce(configuration, now)
            wanted = configuration.asr_config.stream_mode == "bidirectional_stream"
            if wanted and self._notices.has_come(configuration):
                yield Send(TranscriptChanged(self._interims.text, self._notices.name()))
            yield from self._reading_ahead.while_speaking(configuration.turn_detection, now)
        for turn in self._turns():
            turn.on_transcript(received)
        if (prepared := self._preparation.turn) and prepared.transcript not in ("", self._judgement.transcript):
            yield from self._on_moments(self._endpointer.judge_again(), configuration, now)

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

    def request(self, request: AnswerNow | WriteMessage, now: float) -> Iterator[Effect]:
        """Carry out a request of the client once the turns before it are in the context (``PendingTurns.request``)."""
        yield from self._pending.request(request, self._options(), now)

    def _carry_out(self, request: AnswerNow | WriteMessage, now: float) -> Iterator[Effect]:
        if not isinstance(request, AnswerNow) or not request.options.is_apart:
            yield from self.forget_preparation()
        yield from self._carry_out_now(request, now)

    def complete(self, configuration: Configuration, now: float, *, answers: bool) -> Iterator[Effect]:
        """Carry out CompleteBuffer in push to talk; ``answers``: an answer follows."""
        yield from self._interims.stop()
        buffer = self._endpointer.open_buffer
        yield Send(BufferCompleted(NO_ID if buffer is None else buffer.named(self._new_id)))
        yield from self._on_moments(self._endpointer.complete(now, answers=answers), configuration, now)

    def clear(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Carry out ClearBuffer in push to talk."""
        yield from self._on_moments(self._endpointer.clear(), configuration, now)
        yield Send(BufferCleared())

    def change_mode(self, before: Configuration, now: float, *, goes_on: bool) -> Iterator[Effect]:
        """Switch between push to talk and free talk.

        If ``goes_on``, the utterance in progress continues in the new mode; else it ends in the mode of ``before``.
        """
        endpointer = self._endpointer
        begin = endpointer.begin_free_talk if is_push_to_talk(before.turn_detection) else endpointer.begin_push_to_talk
        yield from self._on_moments(begin(goes_on=goes_on), before, now)

    def forget_preparation(self) -> Iterator[Effect]:
        """Discard the prepared turn, because the agent's context has changed; it is made again at its end."""
        yield from self._preparation.forget()

    def finish_in_old_conversation(self, make_reply: ReplyMaker) -> None:
        """Answer all turns so far by ``make_reply``, in the conversation that is being left."""
        self._pending.answer_by(make_reply, instead_of=self._make_reply)

    def interrupt_pending(self) -> Iterator[Effect]:
        """Mark all turns that are not answered yet as interrupted, also those whose end is not found yet."""
        self._endpointer.interrupt()
        for asked in self._endpointer.take_asked():
            yield refused(asked.origin, OVERTAKEN)
        yield from self._pending.interrupt()

    def deadlines(self, configuration: Configuration) -> Iterator[float | None]:
        """Times at which ``on_time`` must be called if no input comes before."""
        if self.quiet_audio.is_idle:
            return
        yield self._endpointer.deadline(configuration.turn_detection)
        yield self._interims.deadline
        yield self._judgement.deadline
        yield self._pending.deadline
        for turn in self._turns():
            yield turn.deadline

    def wait_for_output_no_longer(self) -> bool:
        """Whether a turn or a request has waited for the end of the output, which has come."""
        return bool(self._pending) and self._pending.may_publish()

    def advance(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Publish, in order, the turns whose transcript has come, and prepare the next reply."""
        yield from self._pending.publish(configuration, now)
        yield from self._preparation.drop_failed(now)
        if not is_push_to_talk(configuration.turn_detection) and not self._options().answers_speech:
            return
        # Not while the context is incomplete: an earlier question waits, or an answer is still being played.
        if (prepared := self._preparation.turn) and not self._pending and not self._output.audible(now):
            self._last_speaker.stand_in(prepared, configuration.voice_print_config)
            yield from prepared.try_reply(now)

    # Consequences

    def _on_moments(
        self, moments: Iterator[EndpointingEvent], configuration: Configuration, now: float
    ) -> Iterator[Effect]:
        for moment in moments:
            match moment:
                case SpeechBegan():
                    yield from self._interims.reset()
                case Paused(span):
                    if self._speculates and self._notices.has_come(configuration):
                        yield from self._interims.stop()
                        turn = yield from self._preparation.begin(span, configuration, now)
                        turn.message_id = self._notices.name()
                        yield from self._reading_ahead.at_pause(span, configuration.turn_detection, now)
                case MayBeOver(span):
                    yield from self._judge(span, now)
                case Resumed():
                    yield from self._judgement.stop()
                    if (prepared := self._preparation.turn) is not None and self._notices.wants_interims(configuration):
                        prepared.hand_over(self._interims, now)
                    yield from self.forget_preparation()
                case Continued():
                    yield from self._ended.take_back(now)
                case Ended():
                    yield from self._on_end(moment, configuration, now)
                case _:
                    assert_never(moment)

    def _on_end(self, ended: Ended, configuration: Configuration, now: float) -> Iterator[Effect]:
        if ended.span is not None and self._preparation.turn is None:
            yield from self._reading_ahead.at_pause(ended.span, configuration.turn_detection, now)
        yield from self._interims.reset()
        self._reading_ahead.reset()
        yield from self._judgement.stop()
        yield from self._ended.take(ended, configuration, now)

    def _may_read_ahead(self, now: float) -> bool:
        return self._speculates and not self._pending and not self._output.audible(now)

    def _judge(self, span: Span, now: float) -> Iterator[Effect]:
        prepared, interims = self._preparation.turn, self._interims
        known = prepared if prepared is not None and prepared.transcript else None
        transcript, language = (known.transcript, known.language) if known else (interims.text, interims.language)
        yield from self._judgement.ask(span, transcript, language, now)

    def _turns(self) -> list[Turn]:
        return [*self._pending, *filter(None, (self._preparation.turn,))]
