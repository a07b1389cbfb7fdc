"""A turn: one utterance with its transcript and reply, prepared at a pause, then committed or rolled back."""

from collections.abc import Iterator
from typing import Final, Protocol

from kouyu.conversation.effects import CancelTranscribe, Effect, Transcribe
from kouyu.conversation.inputs import TranscriptReady
from kouyu.conversation.interim_transcripts import InterimTranscripts
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.pending_order import PendingOrder
from kouyu.conversation.question import NOT_ASKED, Asked, Question
from kouyu.conversation.reply import Reply
from kouyu.conversation.utterance import Span
from kouyu.domain.configuration import Configuration
from kouyu.domain.options import AnswerOptions
from kouyu.domain.user_voice import UNKNOWN_VOICE

ASKED_WITHIN_S: Final = 0.1
"""Seconds after a buffer was completed without an answer in which its turn waits for an AnswerNow: a client that always
asks sends both requests together, and the reply that was prepared at a pause then serves."""


class ReplyMaker(Protocol):
    """Makes the chat that answers a question."""

    def __call__(self, question: Question, now: float, asked: Asked = NOT_ASKED) -> Reply:
        """``asked``: what an AnswerNow asks of the answer, if it is one."""
        ...


class Turn:
    """A transcript and the reply to it. Sends nothing to the client until the reply is committed."""

    def __init__(self, span: Span, *, orders: OrderNumbers, limits: Limits, make_reply: ReplyMaker) -> None:
        self.span = span
        """The part of the user's audio to recognise."""
        self.message_id = ""
        """The id of the question."""
        self._limits = limits
        self.make_reply = make_reply
        self._order = orders.next()
        self._transcript = PendingOrder(CancelTranscribe)
        self._transcript.wait(self._order, 0.0, within_s=self._patience_s)
        self._reply_was_tried = False
        self._committed_at = 0.0
        self.announced = True
        """Whether SpeechStarted has been sent for it, or it needs none."""
        self.interrupted = False
        """Whether the user went on before the transcript came: it is saved, and not answered."""
        self.answers = True
        """Whether it begins an answer; otherwise it is saved as context."""
        self.interrupts = True
        """Whether its answer interrupts the one before; otherwise it waits for that."""
        self.asked: Asked | None = None
        """The AnswerNow that it is answered for, if one is."""
        self.completed = False
        """Whether the client completed a push-to-talk buffer for it, and so expects a transcript."""
        self.transcript = ""
        self.language = ""
        """ISO 639-1 code of the transcript."""
        self.voice = UNKNOWN_VOICE
        """The speaker, gender and emotion of the user's voice."""
        self.failure: str | None = None
        """Why recognition failed."""
        self.reply: Reply | None = None
        """The reply, if it has been prepared."""

    # The transcript

    def transcribe(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Order the transcript."""
        self._transcript.restart(now)
        yield Transcribe(self._order, self.span.start, self.span.end, True, configuration)

    def skip_transcript(self) -> None:
        """Resolve the turn without a transcript: there is nothing to recognise."""
        self._transcript.answered_by(self._order)

    def commit(self, now: float) -> None:
        """Restart the time-out of a missing transcript, because the utterance is over."""
        self._transcript.restart(now)
        self._committed_at = now

    def hand_over(self, interims: InterimTranscripts, now: float) -> None:
        """Pass a transcript that is under way to ``interims``, because the user speaks on."""
        if not self.resolved:
            interims.adopt(self._order, self.span, now)
            self._transcript.answered_by(self._order)

    def on_transcript(self, received: TranscriptReady) -> None:
        """Take in the transcript, if this turn waits for it."""
        if self._transcript.answered_by(received.order):
            self.transcript, self.language = received.text.strip(), received.language
            self.voice = received.voice

    def on_failure(self, order: int, reason: str) -> None:
        """Take in that recognition failed, if this turn waits for it."""
        if self._transcript.answered_by(order):
            self.failure = reason

    @property
    def resolved(self) -> bool:
        """Whether the turn waits for no transcript any more: it has come, or has failed."""
        return self._transcript.order is None

    @property
    def deadline(self) -> float | None:
        """When the transcript times out; None if none is awaited."""
        return self._transcript.deadline

    @property
    def asked_until(self) -> float | None:
        """Until when the turn, which has its transcript, waits for an AnswerNow; None: it does not."""
        may_come = self.completed and self.transcript and not self.is_answered and not self.interrupted
        return self._committed_at + ASKED_WITHIN_S if may_come else None

    def may_be_asked_for(self, now: float) -> bool:
        """Whether an AnswerNow for the turn is still worth waiting for."""
        return self.asked_until is not None and now < self.asked_until

    @property
    def _patience_s(self) -> float:
        return self._limits.transcript_within_s(self.span.duration_s)

    def on_time(self, now: float) -> Iterator[Effect]:
        """Cancel an overdue transcript, which then counts as failed."""
        if self._transcript.is_late(now):
            yield from self._transcript.stop()
            self.failure = f"the speech was not recognised within {self._patience_s:.3g} s"

    # The reply

    def try_reply(self, now: float) -> Iterator[Effect]:
        """Prepare the reply (speculation) once the transcript has come. One attempt; ``ask`` makes the next."""
        if self.transcript and not self._reply_was_tried:
            self._reply_was_tried = True
            yield from self.ask(now)

    def ask(self, now: float) -> Iterator[Effect]:
        """Ask the agent, unless it has been asked."""
        if self.reply is None:
            self.reply = self.new_reply(now)
            yield from self.reply.start(now)

    def new_reply(self, now: float) -> Reply:
        """A new, uncommitted chat that answers this turn's transcript."""
        question = Question(content=self.transcript, voice=self.voice, message_id=self.message_id)
        return self.make_reply(question, now, self.asked or NOT_ASKED)

    @property
    def is_answered(self) -> bool:
        """Whether an answer follows, as far as is known."""
        return self.asked is not None or (self.answers and not self.interrupted)

    def answer_for(self, asked: Asked) -> Iterator[Effect]:
        """Answer the turn for an AnswerNow. A reply that is prepared serves if that has no options of its own."""
        self.asked = asked
        if self.reply is None:
            return
        if asked.options == AnswerOptions():
            self.reply.origin = asked.origin
        else:
            yield from self.drop_reply()

    def drop_failed(self, now: float) -> Iterator[Effect]:
        """Discard a prepared reply that has failed; it is made again if it is needed."""
        if self.reply is not None and self.reply.failure(now) is not None:
            yield from self.drop_reply()

    def drop_reply(self) -> Iterator[Effect]:
        """Discard the prepared reply."""
        if self.reply is not None:
            yield from self.reply.abandon()
            self.reply = None

    def roll_back(self) -> Iterator[Effect]:
        """Cancel the transcript and discard the prepared reply."""
        yield from self._transcript.stop()
        yield from self.drop_reply()
