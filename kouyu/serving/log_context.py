"""What every log line says of the request or connection that it belongs to: its log id, client and conversation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import msgspec


class LogContext:
    """The request or connection that the running task serves. Its tasks, and what they start, share it."""

    def __init__(self, log_id: str, client: str) -> None:
        """``client`` is the client's address."""
        self.log_id = log_id
        self.client = client
        self.conversation_id: Callable[[], str] = str
        """Returns the id of its present conversation; "" if there is none."""


class LogMessage(msgspec.Struct, frozen=True):
    """Base of log messages whose fields are fields of the JSON line too. ``str`` gives the text."""


_CURRENT: ContextVar[LogContext | None] = ContextVar("log_context", default=None)


def begin_log_context(log_id: str, client: str) -> None:
    """Begin the context of a request or connection, for the running task and the tasks that it starts."""
    _CURRENT.set(LogContext(log_id, client))


def log_context() -> LogContext | None:
    """The context of the running task; None if it serves no request or connection."""
    return _CURRENT.get()


@contextmanager
def conversation_told(conversation_id: Callable[[], str]) -> Iterator[None]:
    """Let the log lines of the running task's context name this conversation, and afterwards the last one.

    ``conversation_id`` is given up at the end of the block: timers keep contexts for long, and with it a whole session.
    """
    context = _CURRENT.get()
    if context is None:
        yield
        return
    context.conversation_id = conversation_id
    try:
        yield
    finally:
        context.conversation_id = partial(str, conversation_id())


def tell_conversation(conversation_id: str) -> None:
    """Let the log lines of the running task's context name this conversation."""
    if (context := _CURRENT.get()) is not None:
        context.conversation_id = partial(str, conversation_id)
