"""``/v1/chat``: one conversation with a bot, or with a flow under a bot's name and voice."""

import hashlib
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from kouyu.assembly.runtime import RunSession
from kouyu.domain import errors
from kouyu.server.access.client_socket import say_error_and_close
from kouyu.server.access.credentials import query_value
from kouyu.server.access.sessions import Sessions
from kouyu.server.access.socket_authentication import AuthenticatedClient, SocketAuthenticator
from kouyu.server.sockets.client_acceptance import accept_client, serve_session, unknown
from kouyu.store.errors import StoreError
from kouyu.store.lost_connections import LostConnections

log = logging.getLogger(__name__)

_RECORD: Final = {"": None, "true": True, "false": False}
"""Values of the query parameter with which a client asks for a record of its session, or for none."""


@dataclass(slots=True, kw_only=True, eq=False)
class AnswererIds:
    """The ids of available bots and flows, read again for each connection. A server that reads its settings anew
    assigns ``default_bot``."""

    bots_of: Callable[[str], Collection[str]]
    """The bots that an owner's clients may talk to."""
    default_bot: str
    """The bot for clients that name none."""
    flows: Collection[str] = ()


def chat_route(
    authenticator: SocketAuthenticator,
    sessions: Sessions,
    answerer_ids: AnswererIds,
    run_session: RunSession,
    lost_connections: LostConnections,
) -> WebsocketRouteHandler:
    """The route handler of ``/v1/chat``."""

    async def returns(authenticated: AuthenticatedClient) -> bool:
        try:
            return await lost_connections.has(_redials_as(authenticated))
        except StoreError as fault:
            log.warning("looking for the client's lost connection failed: %s", fault)
            return False

    @websocket("/v1/chat")
    async def chat(socket: WebSocket[Any, Any, Any]) -> None:
        if (accepted := await accept_client(authenticator, sessions, socket, returns=returns)) is None:
            return
        authenticated, client = accepted
        query = socket.scope["query_string"]
        bot_id = query_value(query, "bot_id") or answerer_ids.default_bot
        workflow_id = query_value(query, "workflow_id") or ""
        if fault := unknown("bot", bot_id, answerer_ids.bots_of(authenticated.user.owner)) or unknown(
            "workflow", workflow_id, ("", *answerer_ids.flows)
        ):
            await say_error_and_close(client, errors.NOT_FOUND, fault, authenticated.log_id)
            return
        if fault := authenticated.user.refuses_bot(bot_id, workflow_id):
            await say_error_and_close(client, errors.FORBIDDEN, fault, authenticated.log_id)
            return
        wish = query_value(query, "record") or ""
        if wish not in _RECORD:
            fault = f"record: {wish[:20]!r} is not allowed; allowed: {', '.join(filter(None, _RECORD))}"
            await say_error_and_close(client, errors.BAD_REQUEST, fault, authenticated.log_id)
            return
        session = run_session(
            client,
            bot_id=bot_id,
            workflow_id=workflow_id,
            log_id=authenticated.log_id,
            caller=msgspec.structs.replace(authenticated.caller, wants_record=_RECORD[wish]),
            redials_as=_redials_as(authenticated),
        )
        await serve_session(client, authenticated, sessions, session)

    return chat


def _redials_as(authenticated: AuthenticatedClient) -> str:
    socket = authenticated.connection
    query = socket.scope["query_string"].decode("latin-1")
    return redials_as(authenticated.user.id, query, socket.headers.get("user-agent", ""))


def redials_as(token_id: str, query: str, user_agent: str) -> str:
    """Digest of a client's token, URL and user agent: the same when it reconnects."""
    return hashlib.sha256("\n".join((token_id, query, user_agent)).encode()).hexdigest()
