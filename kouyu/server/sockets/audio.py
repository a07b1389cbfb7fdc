"""``/v1/audio/speech``, ``/v1/audio/transcriptions`` and ``/v1/audio/simult_interpretation`` over WebSockets."""

from typing import Any, get_args

from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from kouyu.audio_sessions.opening import audio_session
from kouyu.domain import errors
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.protocol.coze.audio_endpoint_uplink import AudioEndpointName
from kouyu.server.access.client_socket import say_error_and_close
from kouyu.server.access.credentials import query_value
from kouyu.server.access.sessions import Sessions
from kouyu.server.access.socket_authentication import SocketAuthenticator
from kouyu.server.sockets.chat import AnswererIds
from kouyu.server.sockets.client_acceptance import accept_client, serve_session, unknown
from kouyu.serving.services import Services


def audio_socket_routes(
    authenticator: SocketAuthenticator, sessions: Sessions, answerer_ids: AnswererIds, services: Services
) -> list[WebsocketRouteHandler]:
    """The route handlers. They share authentication and the session limit with ``/v1/chat``."""
    return [_route(name, authenticator, sessions, answerer_ids, services) for name in get_args(AudioEndpointName)]


def _route(
    name: AudioEndpointName,
    authenticator: SocketAuthenticator,
    sessions: Sessions,
    answerer_ids: AnswererIds,
    services: Services,
) -> WebsocketRouteHandler:
    @websocket(f"/v1/audio/{name}", name=f"{name} over a WebSocket")
    async def serve(socket: WebSocket[Any, Any, Any]) -> None:
        if (accepted := await accept_client(authenticator, sessions, socket)) is None:
            return
        authenticated, client = accepted
        try:
            bot_id = _bot_id(socket.scope["query_string"], answerer_ids, authenticated.user.owner)
        except ProtocolError as fault:
            await say_error_and_close(client, fault.code, fault.msg, authenticated.log_id)
            return
        session = audio_session(
            services, client, name, bot_id=bot_id, log_id=authenticated.log_id, caller=authenticated.caller
        )
        await serve_session(client, authenticated, sessions, session)

    return serve


def _bot_id(query: bytes, answerer_ids: AnswererIds, owner: str) -> str:
    """Return the bot that ``entity_type`` and ``entity_id`` name (websocket.md 1); the default one if they name none.

    Raises ProtocolError.
    """
    kind = query_value(query, "entity_type") or "bot"
    wanted = query_value(query, "entity_id") or ""
    match kind:
        case "workflow":
            fault, bot_id = unknown("workflow", wanted, ("", *answerer_ids.flows)), answerer_ids.default_bot
        case "bot":
            fault, bot_id = (
                unknown("bot", wanted, ("", *answerer_ids.bots_of(owner))),
                wanted or answerer_ids.default_bot,
            )
        case _:
            raise InvalidField("entity_type", kind, "bot, workflow")
    if fault:
        raise ProtocolError(errors.NOT_FOUND, fault)
    return bot_id
