"""``/v1/chat``: one conversation with a bot, or with a flow under a bot's name and voice."""

import logging
from collections.abc import Collection, Coroutine, Sequence
from itertools import islice
from typing import Any, Protocol

import msgspec
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from kouyu.engines.tts.engine import Voice
from kouyu.protocol import errors
from kouyu.server.bot_directory import BotDirectory
from kouyu.server.client_socket import ClientSocket
from kouyu.server.credentials import query_value
from kouyu.server.door import Door, say_error_and_close
from kouyu.server.sessions import ServerFull, Sessions
from kouyu.session.socket import Socket

log = logging.getLogger(__name__)

NORMAL_CLOSE = 1000
INTERNAL_ERROR = 1011
FULL = "the server is full; try again later"
LONGEST_ID_SHOWN = 100
MOST_IDS_SHOWN = 20


class RunSession(Protocol):
    """What talks with the client: ``session.connection.run_session`` with its services filled in."""

    def __call__(self, socket: Socket, *, bot_id: str, workflow_id: str, log_id: str) -> Coroutine[Any, Any, None]:
        """Run one session to its end. ``workflow_id`` is "" where the bot itself answers."""
        ...


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What is ready for clients."""

    run_session: RunSession
    voices: Sequence[Voice] = ()
    """The default one first."""
    bots: BotDirectory | None = None
    """None where only the bots of the settings can be talked with."""


class Brains(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of those who can answer. They are asked anew for each connection."""

    bots: Collection[str]
    default_bot: str
    """For clients that name none."""
    flows: Collection[str] = ()


def chat_route(door: Door, sessions: Sessions, brains: Brains, run_session: RunSession) -> WebsocketRouteHandler:
    """The route handler of ``/v1/chat``."""

    @websocket("/v1/chat")
    async def chat(socket: WebSocket[Any, Any, Any]) -> None:
        visitor = await door.knock(socket)
        if visitor is None:
            return
        if sessions.full:
            await visitor.refuse(errors.TOO_MANY_SESSIONS, FULL)
            return
        client = await visitor.enter()
        query = socket.scope["query_string"]
        bot_id = query_value(query, "bot_id") or brains.default_bot
        workflow_id = query_value(query, "workflow_id") or ""
        if fault := _unknown("bot", bot_id, brains.bots) or _unknown("workflow", workflow_id, ("", *brains.flows)):
            await say_error_and_close(client, errors.NOT_FOUND, fault, visitor.log_id)
            return
        session = run_session(client, bot_id=bot_id, workflow_id=workflow_id, log_id=visitor.log_id)
        await _converse(client, visitor.log_id, sessions, session)

    return chat


def _unknown(kind: str, wanted: str, known: Collection[str]) -> str:
    """What to tell a client that names one that is not there; "" where it is."""
    if wanted in known:
        return ""
    names = ", ".join(islice(filter(None, known), MOST_IDS_SHOWN)) or "none"
    return f"there is no {kind} {wanted[:LONGEST_ID_SHOWN]!r}, or it is not published; known {kind}s: {names}"


async def _converse(client: ClientSocket, log_id: str, sessions: Sessions, session: Coroutine[Any, Any, None]) -> None:
    """Run the session. Whatever it raises stops here: no session takes the server with it."""
    try:
        await sessions.run(client, session)
    except ServerFull:  # between the question and the entry the last place was taken
        await say_error_and_close(client, errors.TOO_MANY_SESSIONS, FULL, log_id)
    except Exception:
        log.exception("a session failed, log id %s", log_id)
        await client.close(INTERNAL_ERROR, "internal error")
    else:
        await client.close(NORMAL_CLOSE, "")
