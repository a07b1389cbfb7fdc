"""One utterance of the user on its way to a chat: prepared at a pause, then committed or rolled back."""

from collections.abc import Callable, Iterator

from kouyu.conversation.effects import CancelTranscribe, Effect, Transcribe
from kouyu.conversation.limits import Limits
from kouyu.conversation.listening import Span
from kouyu.conversation.orders import OrderNumbers
from kouyu.conversation.reply import Reply
from kouyu.protocol.configuration import Configuration

ReplyMaker = Callable[[str, float], Reply]
"""Makes the chat that answers a transcript, at a time."""


class Turn:
    """A transaction: transcript and reply are prepared unseen; ``committed`` once the utterance is certainly over."""

    def __init__(
        self,
        span: Span,
        *,
        answer: bool,
        configuration: Configuration,
        orders: OrderNumbers,
        limits: Limits,
        make_reply: ReplyMaker,
    ) -> None:
        """``answer``: ask the agent as soon as the transcript is there, before the turn is committed."""
        self.span = span
        self.announced = True
        """``speech_started`` has been sent for it, or it needs none."""
        self.committed = False
        self.interrupted = False
        """The user spoke on before the transcript came: it is kept, and not answered."""
        self.transcript: str | None = None
        self.failure: str | None = None
        self.reply: Reply | None = None
        self._answer = answer
        self._configuration = configuration
        self._limits = limits
        self._make_reply = make_reply
        self._order: int | None = orders.next()
        self._asked_at = 0.0

    def prepare(self, now: float) -> Iterator[Effect]:
        """Order the transcript."""
        assert self._order is not None
        self._asked_at = now
        yield Transcribe(self._order, self.span.start, self.span.end, True, self._configuration)

    def commit(self, now: float) -> Iterator[Effect]:
        """The utterance is over. The time-out of a transcript that is still missing begins anew."""
        self.committed = True
        self._asked_at = now
        yield from self._start_reply(now)

    def on_transcript(self, order: int, text: str, now: float) -> Iterator[Effect]:
        """The transcript has come."""
        if order != self._order:
            return
        self._order = None
        self.transcript = text.strip()
        yield from self._start_reply(now)

    def on_failure(self, order: int, reason: str) -> None:
        """The transcript will not come."""
        if order == self._order:
            self._order = None
            self.failure = reason

    def _start_reply(self, now: float) -> Iterator[Effect]:
        """Ask the agent, as soon as there is something to ask and it is wanted."""
        wanted = self.committed or self._answer
        if not self.transcript or self.reply is not None or not wanted:
            return
        self.reply = self._make_reply(self.transcript, now)
        if not self.interrupted:
            yield from self.reply.start(now)

    @property
    def resolved(self) -> bool:
        """The transcript is there, or will never be."""
        return self._order is None

    @property
    def deadline(self) -> float | None:
        """When a missing transcript is given up."""
        return self._asked_at + self._limits.transcription_s if self._order is not None else None

    def on_time(self, now: float) -> Iterator[Effect]:
        """Give up a transcript that is overdue."""
        deadline = self.deadline
        if self._order is not None and deadline is not None and now >= deadline:
            yield CancelTranscribe(self._order)
            self.on_failure(self._order, f"the speech was not recognised within {self._limits.transcription_s:g} s")

    def roll_back(self) -> Iterator[Effect]:
        """Throw away all that was prepared."""
        if self._order is not None:
            yield CancelTranscribe(self._order)
            self._order = None
        if self.reply is not None and self.reply.phase == "prepared":
            yield from self.reply.abandon()
            self.reply = None
