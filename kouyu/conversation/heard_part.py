"""What the user has heard of one answer: by the client's report of its playback, without one by the estimate."""

from collections.abc import Iterator

from kouyu.conversation.agent_answer import AgentAnswer
from kouyu.conversation.chat_messages import ChatMessages
from kouyu.conversation.effects import Effect
from kouyu.conversation.heard import heard_text
from kouyu.conversation.spoken_item import Outlet, Speech


class HeardPart:
    """Limits the saved answer, and so the model's context, to what was heard."""

    def __init__(self, answer: AgentAnswer, speech: Speech, messages: ChatMessages) -> None:
        self._answer = answer
        self._speech = speech
        self._messages = messages
        self._reported_ms: float | None = None
        self._saved: str | None = None
        """The part that is saved as heard; None: all of it."""

    def cut_off(self, now: float, outlet: Outlet, *, was_read: bool) -> Iterator[Effect]:
        """Take in that the answer, which has been saved, was interrupted. ``was_read``: the client has its whole text,
        and counts as having read it unless it reports what it has played."""
        if self._reported_ms is not None:
            yield from self.follow_report()
        elif not was_read:
            yield from self._limit_to(max(0.0, self._speech.sent_ms - outlet.clock.remaining_ms(now)))

    def report(self, played_ms: float) -> None:
        """Take in how much of the audio the client has played; it has dropped the rest."""
        self._reported_ms = played_ms

    def follow_report(self) -> Iterator[Effect]:
        """Limit the answer, which has been saved, to what the client has reported, if it has reported anything."""
        if self._reported_ms is not None and self._speech.sent_ms > 0:
            yield from self._limit_to(self._reported_ms)

    def _limit_to(self, played_ms: float) -> Iterator[Effect]:
        whole = str(self._answer.text)
        heard = heard_text(whole, self._speech.sentences, played_ms)
        if heard != (whole if self._saved is None else self._saved):
            self._saved = heard
            yield from self._messages.trim_answer(heard)
