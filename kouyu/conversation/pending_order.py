"""An order that waits for its report: which one it is, when the report is too late, and what takes the order back."""

from collections.abc import Callable, Iterator

from kouyu.conversation.effects import Effect


class PendingOrder:
    """The order of one kind that may be under way, one at most."""

    def __init__(self, cancel: Callable[[int], Effect]) -> None:
        """``cancel`` makes the effect that takes an order back."""
        self._cancel = cancel
        self._asked_at = 0.0
        self._within_s = 0.0
        self.order: int | None = None
        """Its number; None while nothing is waited for."""

    def wait(self, order: int, now: float, *, within_s: float) -> None:
        """This order is under way now, in place of any other. Its report may take ``within_s``."""
        self.order, self._asked_at, self._within_s = order, now, within_s

    def restart(self, now: float) -> None:
        """The time-out begins anew."""
        self._asked_at = now

    def answered_by(self, order: int) -> bool:
        """Whether a report with this number is the one waited for; it is waited for no longer."""
        if order != self.order:
            return False
        self.order = None
        return True

    @property
    def deadline(self) -> float | None:
        """When the report is too late; None while nothing is waited for."""
        return self._asked_at + self._within_s if self.order is not None else None

    def is_late(self, now: float) -> bool:
        """Whether the report is too late."""
        deadline = self.deadline
        return deadline is not None and now >= deadline

    def stop(self) -> Iterator[Effect]:
        """Nobody needs the report."""
        if self.order is not None:
            yield self._cancel(self.order)
            self.order = None
