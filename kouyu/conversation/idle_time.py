"""Finds when nobody has said anything for so long that the agent is to speak by itself."""

from collections.abc import Callable, Iterator

from kouyu.conversation.answers_apart import AnswersApart
from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.turns import Turns
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import IdleTimedOut
from kouyu.domain.options import SessionOptions
from kouyu.domain.requests import AnswerNow


class IdleTime:
    """Counts from the end of the last answer's playout, by its estimate, and from the end of all else that happened
    since. Where the last answer was cut off, or had no audio, it is the user's turn, and nothing is counted."""

    def __init__(
        self,
        turns: Turns,
        output: OutputSlot,
        apart: AnswersApart,
        *,
        options: Callable[[], SessionOptions],
        new_id: Callable[[], str],
    ) -> None:
        self._turns = turns
        self._output = output
        self._apart = apart
        self._options = options
        self._new_id = new_id
        self._busy_at = 0.0

    def deadline(self, configuration: Configuration) -> float | None:
        """When the silence has lasted ``idle_timeout_ms``; None while it cannot."""
        limit_ms, since = self._options().idle_timeout_ms, self._output.silent_since
        if limit_ms is None or since is None or is_push_to_talk(configuration.turn_detection):
            return None
        return None if self._turns.unanswered else max(since, self._busy_at) + limit_ms / 1000

    def advance(self, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Begin an answer if the silence has lasted long enough."""
        if self._turns.unanswered or self._output.running() or self._apart:
            self._busy_at = now
        deadline, limit_ms = self.deadline(configuration), self._options().idle_timeout_ms
        if deadline is None or limit_ms is None or now < deadline:
            return
        end = self._turns.received
        yield Send(IdleTimedOut(max(0, end - samples_in(limit_ms)), end, self._new_id()))
        yield from self._turns.request(AnswerNow(), now)
