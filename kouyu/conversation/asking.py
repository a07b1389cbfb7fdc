"""The orders to the agent for one answer: what it is asked, under which configuration and options."""

from collections.abc import Callable, Iterator

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
        configured: Callable[[AnswerOptions], Configuration],
        options: AnswerOptions,
        opening_lines: tuple[OpeningLine, ...],
        orders: OrderNumbers,
    ) -> None:
        """``configured`` gives the configuration of an answer with these options."""
        self._question = question
        self._configured = configured
        self._options = options
        self.configuration = configured(options)
        """The configuration of the answer, or of what follows of it."""
        self._opening_lines = opening_lines
        self._orders = orders

    def start(self, answer: AgentAnswer, now: float, *, is_certain: bool) -> Iterator[Effect]:
        """Order the answer, or what follows of it; ``is_certain``: the client has been told of the chat."""
        order, question, lines = self._orders.next(), self._question, self._opening_lines
        answer.ask(order, now)
        yield StartReply(order, question, answer.rounds, self.configuration, lines, self._options)
        if is_certain:
            yield CommitReply(order)

    def read_ahead(self, *, draft: bool) -> Iterator[Effect]:
        """Order the prefill of the question, and a draft of the answer if ``draft``."""
        yield ReadAhead(self._question, self.configuration, draft, self._opening_lines, self._options)

    @property
    def for_speech(self) -> bool:
        """Whether the answer is to be spoken, for a client that takes audio."""
        return self._options.spoken is not False

    @property
    def is_apart(self) -> bool:
        """Whether the answer is apart from the conversation, and ends with the calls of the client's tools."""
        return self._options.is_apart

    def continue_with(self, options: AnswerOptions) -> None:
        """Let ``options`` come before those so far, because the client's tools have run."""
        self._options = options.before(self._options.after_a_tool)
        self.configuration = self._configured(self._options)
