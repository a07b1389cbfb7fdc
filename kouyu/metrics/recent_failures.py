"""The last failures of each owner's conversations, in memory, so that the page can say what went wrong and why."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

KEPT: Final = 50
"""Failures that are kept of each owner."""
OWNERS: Final = 200
"""Owners of whom failures are kept: those that had one last."""

FailureKind: TypeAlias = Literal["chat", "error"]
"""A chat that failed, or an ``error`` event."""
NoteFailure: TypeAlias = Callable[[FailureKind, int, str], None]
"""Takes a failure: its kind, the protocol's code, and the message that the client got."""


class RecentFailure(msgspec.Struct, frozen=True, kw_only=True):
    """What a client was told of a failure. ``at``: Unix seconds."""

    at: float
    log_id: str
    bot_id: str
    kind: FailureKind
    code: int
    message: str


class RecentFailures:
    """Keeps the last failures of each owner."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """``clock`` returns Unix seconds."""
        self._clock = clock
        self._by_owner: dict[str, deque[RecentFailure]] = {}

    def noting(self, owner: str, *, log_id: str, bot_id: str) -> NoteFailure:
        """Return what takes the failures of one session of this owner."""

        def note(kind: FailureKind, code: int, message: str) -> None:
            failure = RecentFailure(
                at=round(self._clock(), 1), log_id=log_id, bot_id=bot_id, kind=kind, code=code, message=message
            )
            failures = self._by_owner.pop(owner, None) or deque(maxlen=KEPT)
            failures.append(failure)
            self._by_owner[owner] = failures
            if len(self._by_owner) > OWNERS:
                del self._by_owner[next(iter(self._by_owner))]

        return note

    def of(self, owner: str) -> Sequence[RecentFailure]:
        """The failures of an owner's conversations, newest first."""
        return tuple(reversed(self._by_owner.get(owner, ())))
