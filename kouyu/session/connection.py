"""One live connection: runs its session, and decides from what ends it how the connection is closed."""

import logging
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from kouyu.diagnostics.live_session import LiveSession, OpenedBy
from kouyu.diagnostics.wire_tap import Tapped
from kouyu.domain.errors import INTERNAL_MSG
from kouyu.metrics.server_metrics import End
from kouyu.protocol.coze.chat_wire import CozeWire
from kouyu.protocol.wire import Wire
from kouyu.serving.caller import UNLIMITED, Caller
from kouyu.serving.log_context import conversation_told
from kouyu.serving.services import Services
from kouyu.serving.socket import Socket, SocketClosed
from kouyu.session.outbox import ClientTooSlow
from kouyu.session.session import Session
from kouyu.store.errors import StoreError, UnknownConversation

log = logging.getLogger(__name__)


async def run_session(
    socket: Socket,
    *,
    services: Services,
    bot_id: str,
    workflow_id: str = "",
    log_id: str,
    caller: Caller = UNLIMITED,
    redials_as: str = "",
    wire: Wire[Any] | None = None,
) -> None:
    """Serve one client until it disconnects. The caller accepts and closes the socket.

    The bot answers, or the flow that ``workflow_id`` names, under the bot's name and voice. ``caller`` is the client's
    access token, which says whose data the session reads and writes, and who may watch it. ``redials_as`` identifies
    this client when it reconnects after a drop; "": it cannot be identified. ``wire`` is its protocol; None: that of
    ``/v1/chat``. Other errors than cancellation are logged.
    """
    session = Session(
        socket,
        wire=wire or CozeWire(log_id),
        services=services,
        caller=caller,
        bot_id=bot_id,
        workflow_id=workflow_id,
        log_id=log_id,
        redials_as=redials_as,
    )
    end: End | None = None
    try:
        with (
            conversation_told(lambda: session.conversation.conversation_id),
            session.redialing.live(),
            services.turns_in_progress.reported(socket, session.in_turn),
            _watched(session, socket, services=services, caller=caller) as live,
        ):
            await session.run(live)
    except* SocketClosed:
        pass
    except* ClientTooSlow:
        end = "too_slow"
        log.warning("%s: closing the connection: the client does not read what is sent to it", log_id)
        await socket.close(1008, "too slow: unread events piled up")
    except* UnknownConversation:
        end = "deleted"
        log.warning("%s: closing the connection: its conversation was deleted", log_id)
        await socket.close(1011, "the conversation was deleted")
    except* StoreError as fault:
        end = "not_saved"
        log.error("%s: saving failed: %s", log_id, fault.exceptions[0])
        await socket.close(1011, "the conversation could not be saved")
    except* Exception:  # the session's boundary: other sessions must not be affected
        end = "failed"
        log.exception("%s: the session failed", log_id)
        await socket.close(1011, INTERNAL_MSG)
    services.metrics.connections.labels(end or ("closed" if socket.said_goodbye else "dropped")).inc()
    await session.redialing.leave()


def _watched(
    session: Session, socket: Socket, *, services: Services, caller: Caller
) -> AbstractContextManager[LiveSession]:
    """Let watchers see the session while the block runs."""
    return services.watcher_hub.session(
        msgspec.structs.replace(session.about, software=caller.software),
        opened_by=OpenedBy(owner=caller.owner, token_id=caller.token_id, token_name=caller.token_name),
        conversation=session.conversation,
        clock=session.clock,
        wire=socket if isinstance(socket, Tapped) else None,
    )
