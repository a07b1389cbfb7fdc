"""``/v1/chat``: one conversation with a bot, or with a flow under a bot's name and voice."""

from collections.abc import Collection, Coroutine, Sequence
from typing import Any, Protocol

import msgspec
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from kouyu.chats.text_chats import TextChats
from kouyu.engines.tts.engine import Voice
from kouyu.protocol import errors
from kouyu.server.bot_directory import BotDirectory
from kouyu.server.credentials import query_value
from kouyu.server.door import Door, say_error_and_close
from kouyu.server.sessions import Sessions
from kouyu.server.sockets.entrance import let_in, serve_session, unknown
from kouyu.session.services import Services
from kouyu.session.socket import Socket


class RunSession(Protocol):
    """What talks with the client: ``session.connection.run_session`` with its services filled in."""

    def __call__(
        self, socket: Socket, *, bot_id: str, workflow_id: str, log_id: str, owner: str
    ) -> Coroutine[Any, Any, None]:
        """Run one session to its end. ``workflow_id`` is "" where the bot itself answers, ``owner`` a token's id."""
        ...


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What is ready for clients."""

    run_session: RunSession
    voices: Sequence[Voice] = ()
    """The default one first."""
    bots: BotDirectory | None = None
    """None where only the bots of the settings can be talked with."""
    chats: TextChats | None = None
    """None where nobody can write."""
    services: Services | None = None
    """For everything but conversations; None where there are conversations alone."""


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
        if (came := await let_in(door, sessions, socket)) is None:
            return
        visitor, client = came
        query = socket.scope["query_string"]
        bot_id = query_value(query, "bot_id") or brains.default_bot
        workflow_id = query_value(query, "workflow_id") or ""
        if fault := unknown("bot", bot_id, brains.bots) or unknown("workflow", workflow_id, ("", *brains.flows)):
            await say_error_and_close(client, errors.NOT_FOUND, fault, visitor.log_id)
            return
        session = run_session(
            client, bot_id=bot_id, workflow_id=workflow_id, log_id=visitor.log_id, owner=visitor.user.id
        )
        await serve_session(client, visitor.log_id, sessions, session)

    return chat
