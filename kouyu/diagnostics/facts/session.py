"""Facts of a session: who it is, its configuration, and what goes wrong in it."""

from typing import Literal

import msgspec

from kouyu.conversation.limits import Limits
from kouyu.diagnostics.facts.fact import Fact

Stage = Literal["recognition", "reply", "synthesis", "chat", "client"]


class SessionSeen(Fact, frozen=True, kw_only=True, tag="session"):
    """Describes a live session; always its first fact. ``epoch_ms`` is the Unix time in ms of its time 0."""

    log_id: str
    """The ``detail.logid`` of every event of that connection, and its header ``X-Tt-Logid``."""
    epoch_ms: int
    bot_id: str
    workflow_id: str
    user_id: str = ""
    conversation_id: str = ""
    software: str = ""
    """What the client calls itself (``User-Agent``)."""
    limits: Limits


class Configured(Fact, frozen=True, tag="session.configured"):
    """The configuration in force: ``data`` of ``chat.updated``."""

    configuration: msgspec.Raw


class SessionEnded(Fact, frozen=True, tag="session.ended"):
    """The connection ended."""


class FactsDropped(Fact, frozen=True, tag="facts.dropped"):
    """The watcher read too slowly, so ``count`` facts of all sessions were dropped before this one."""

    count: int


class Failure(Fact, frozen=True, tag="error"):
    """A failure; ``code`` is that of the ``error`` event or failed chat sent to the client, else 0."""

    stage: Stage
    code: int
    message: str


class HintGiven(Fact, frozen=True, tag="hint"):
    """A likely mistake in what the client sends. The client gets at most an ``error`` event for it."""

    message: str


SessionFact = SessionSeen | Configured | SessionEnded | FactsDropped | Failure | HintGiven
