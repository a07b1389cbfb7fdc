"""The orders to the agent for one answer: what it is asked, under which configuration and options."""

from collections.abc import Iterator

from kouyu.conversation.agent_answer import AgentAnswer
from kouyu.conversation.effects import CommitReply, Effect, OpeningLine, ReadAhead, StartReply
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.domain.configuration import Configuration
from kouyu.domain.messages import Message
from kouyu.domain.options import AnswerOptions


class Asking:
    """Asks the agent for one answer, again after each round of the client's tools."""

    def __init__(
        self,
        question: Message,
        *,
        configuration: Configuration,
        options: AnswerOptions,
        opening_lines: tuple[OpeningLine, ...],
        orders: OrderNumbers,
    ) -> None:
        self._question = question
        self._configuration = configuration
        self._options = options
        self._opening_lines = opening_lines
        self._orders = orders

    def start(self, answer: AgentAnswer, now: float, *, is_certain: bool) -> Iterator[Effect]:
        """Order the answer, or what follows of it; ``is_certain``: the client has been told of the chat."""
        order, question, lines = self._orders.next(), self._question, self._opening_lines
        answer.ask(order, now)
        yield StartReply(order, question, answer.rounds, self._configuration, lines, self._options)
        if is_certain:
            yield CommitReply(order)

    def read_ahead(self, *, draft: bool) -> Iterator[Effect]:
        """Order the prefill of the question, and a draft of the answer if ``draft``."""
        yield ReadAhead(self._question, self._configuration, draft, self._opening_lines, self._options)

    @property
    def for_speech(self) -> bool:
        """Whether the answer is to be spoken, for a client that takes audio."""
        return self._options.spoken is not False

    def continue_with(self, options: AnswerOptions) -> None:
        """Let ``options`` come before those so far, because the client's tools have run."""
        self._options = options.before(self._options.after_a_tool)
