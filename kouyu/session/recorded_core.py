"""Makes the conversation core of a session, and what records it."""

import time
from collections.abc import Callable

from kouyu.conversation.conversation import Conversation
from kouyu.conversation.identity import Identity
from kouyu.diagnostics.facts.session import SessionSeen
from kouyu.recording.session_recorder import SessionRecorder
from kouyu.serving.caller import Caller
from kouyu.serving.services import Services


def about_session(services: Services, *, log_id: str, bot_id: str, workflow_id: str) -> SessionSeen:
    """What there is to know of a session that begins now."""
    unix_ms = time.time_ns() // 1_000_000
    return SessionSeen(log_id=log_id, epoch_ms=unix_ms, bot_id=bot_id, workflow_id=workflow_id, limits=services.limits)


def new_core(
    services: Services, about: SessionSeen, caller: Caller, clock: Callable[[], float]
) -> tuple[Conversation, SessionRecorder | None]:
    """A new core, and its recorder if the session is recorded. ``clock`` gives the seconds since the session began."""
    bot, recorders = services.bots[about.bot_id], services.session_recorders
    ids = None
    if recorders is not None:
        ids = recorders.ids(services.ids, by_bot=bot.record_sessions, by_client=caller.wants_record)
    identity = Identity(ids=ids or services.ids, bot_id=about.bot_id, epoch=about.epoch_ms / 1000)
    capabilities = services.capabilities_of(bot, is_recorded=ids is not None)
    core = Conversation(identity=identity, capabilities=capabilities, limits=about.limits)
    if recorders is None or ids is None:
        return core, None
    return core, recorders.recorder(ids, about, core, capabilities, clock)
