"""An order that waits for its report: its number, its time-out, and the effect that cancels it."""

from collections.abc import Callable, Iterator

from kouyu.conversation.effects import Effect


class PendingOrder:
    """The order of one kind that is under way, at most one."""

    def __init__(self, cancel: Callable[[int], Effect]) -> None:
        """``cancel`` makes the effect that cancels an order."""
        self._cancel = cancel
        self._asked_at = 0.0
        self._within_s = 0.0
        self.order: int | None = None
        """Its number; None if no report is awaited."""

    def wait(self, order: int, now: float, *, within_s: float) -> None:
        """Begin to wait for the report of ``order``, instead of any other. It times out after ``within_s`` seconds."""
        self.order, self._asked_at, self._within_s = order, now, within_s

    def restart(self, now: float) -> None:
        """Restart the time-out."""
        self._asked_at = now

    def answered_by(self, order: int) -> bool:
        """Stop waiting if ``order`` is the awaited one. Returns whether it is."""
        if order != self.order:
            return False
        self.order = None
        return True

    @property
    def deadline(self) -> float | None:
        """When the report times out, in seconds; None if none is awaited."""
        return self._asked_at + self._within_s if self.order is not None else None

    def is_late(self, now: float) -> bool:
        """Whether the report has timed out."""
        deadline = self.deadline
        return deadline is not None and now >= deadline

    def stop(self) -> Iterator[Effect]:
        """Cancel the order."""
        if self.order is not None:
            yield self._cancel(self.order)
            self.order = None
