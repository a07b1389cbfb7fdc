"""``/v1/chat``: one conversation with a bot, or with a flow under a bot's name and voice."""

from collections.abc import Collection
from typing import Any

import msgspec
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from kouyu.assembly.runtime import RunSession
from kouyu.protocol import errors
from kouyu.server.access.credentials import query_value
from kouyu.server.access.door import Door, say_error_and_close
from kouyu.server.access.sessions import Sessions
from kouyu.server.sockets.entrance import let_in, serve_session, unknown


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
