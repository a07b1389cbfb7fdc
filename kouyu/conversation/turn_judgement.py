"""Orders an end-of-turn judgement and times it out."""

from collections.abc import Iterator

from kouyu.conversation.effects import CancelJudgement, Effect, JudgeTurn
from kouyu.conversation.identity import OrderNumbers
from kouyu.conversation.limits import Limits
from kouyu.conversation.utterance import Span


class TurnJudgement:
    """The judgement under way, at most one."""

    def __init__(self, orders: OrderNumbers, limits: Limits) -> None:
        self._orders = orders
        self._limits = limits
        self._order: int | None = None
        self._asked_at = 0.0

    def ask(self, span: Span, transcript: str, language: str, now: float) -> Iterator[Effect]:
        """Order a judgement of ``span``, whose interim transcript is ``transcript``."""
        yield from self.stop()
        self._order = self._orders.next()
        self._asked_at = now
        yield JudgeTurn(self._order, span.start, span.end, transcript, language)

    def answered_by(self, order: int) -> bool:
        """Whether a report with this number answers the order under way; if so, ends the wait."""
        if order != self._order:
            return False
        self._order = None
        return True

    @property
    def deadline(self) -> float | None:
        """When the judgement under way times out."""
        return self._asked_at + self._limits.turn_judgement_s if self._order is not None else None

    def is_late(self, now: float) -> bool:
        """Whether the judgement under way has timed out."""
        deadline = self.deadline
        return deadline is not None and now >= deadline

    def stop(self) -> Iterator[Effect]:
        """Cancel the judgement under way."""
        if self._order is not None:
            yield CancelJudgement(self._order)
            self._order = None
