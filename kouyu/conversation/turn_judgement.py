"""Orders the judgement whether the user has finished their turn (``semantic_vad``): one at a time."""

from collections.abc import Iterator

from kouyu.conversation.effects import CancelJudgement, Effect, JudgeTurn
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.pending_order import PendingOrder
from kouyu.conversation.utterance import Span


class TurnJudgement(PendingOrder):
    """The order for the judgement of the utterance in progress, while it is under way."""

    def __init__(self, orders: OrderNumbers, limits: Limits) -> None:
        super().__init__(CancelJudgement)
        self._orders = orders
        self._limits = limits
        self.transcript = ""
        """That of the last order."""

    def ask(self, span: Span, transcript: str, language: str, now: float) -> Iterator[Effect]:
        """Order a judgement of the speech in ``span``, in place of the one under way; ``transcript`` may be unfinished,
        ``language`` is its ISO 639-1 code."""
        yield from self.stop()
        self.transcript = transcript
        order = self._orders.next()
        self.wait(order, now, within_s=self._limits.turn_judgement_s)
        yield JudgeTurn(order, span.start, span.end, transcript, language)
