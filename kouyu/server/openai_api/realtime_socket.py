"""``/openai/v1/realtime``: a conversation with a bot over OpenAI's Realtime protocol.

The same under ``/v1/realtime`` and ``/realtime``, since clients differ in what they append to a base URL.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from kouyu.assembly.runtime import RunSession
from kouyu.domain import errors
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.errors import ProtocolError
from kouyu.protocol.openai.beta import present_session
from kouyu.protocol.openai.conversation_items import CONVERSATION_PREFIX
from kouyu.protocol.openai.faults import refusal
from kouyu.protocol.openai.realtime_wire import RealtimeWire, new_id
from kouyu.protocol.openai.server_events import encode, error
from kouyu.protocol.openai.session_settings import SessionSettings, updated
from kouyu.server.access.credentials import query_value, subprotocols
from kouyu.server.access.sessions import Sessions
from kouyu.server.access.socket_authentication import Manner, SocketAuthenticator
from kouyu.server.openai_api.errors import PREFIX, body_of
from kouyu.server.sockets.chat import AnswererIds
from kouyu.server.sockets.client_acceptance import admit_client, serve_session
from kouyu.store.client_secrets import ClientSecrets

PATHS: Final = [f"{PREFIX}/realtime", "/v1/realtime", "/realtime"]
SUBPROTOCOL: Final = "realtime"
"""The one that browsers' clients offer beside those that carry their key."""
BETA: Final = "realtime=v1"
_BETA_SUBPROTOCOL: Final = "openai-beta.realtime-v1"


def _refusal_body(status: int, code: int, msg: str, log_id: str) -> bytes:
    return msgspec.json.encode(body_of(status, ProtocolError(code, msg)))


def _error_text(code: int, msg: str, log_id: str) -> str:
    return encode(error(refusal(code, msg, "", None)), new_id("event"))


MANNER: Final = Manner(_refusal_body, _error_text, by_status=True, takes_ephemeral=True)
"""A client is refused by an HTTP status: some dial again after a close."""


def realtime_route(
    authenticator: SocketAuthenticator,
    sessions: Sessions,
    answerer_ids: AnswererIds,
    run_session: RunSession,
    client_secrets: ClientSecrets,
) -> WebsocketRouteHandler:
    """The route handler. It shares authentication and the session limit with ``/v1/chat``."""

    @websocket(PATHS, name="realtime of OpenAI")
    async def realtime(socket: WebSocket[Any, Any, Any]) -> None:
        authenticated = await admit_client(authenticator, sessions, socket, manner=MANNER)
        if authenticated is None:
            return
        prepared = await client_secrets.session_of(authenticated.credentials.token or "")
        try:
            settings = _settings(socket.scope["query_string"], prepared or {})
        except ProtocolError as fault:
            await authenticated.refuse(fault.code, fault.msg)
            return
        is_bot = settings.model in answerer_ids.bots_of(authenticated.user.owner)
        bot_id = settings.model if is_bot else answerer_ids.default_bot
        if fault_of_token := authenticated.user.refuses_bot(bot_id, ""):
            await authenticated.refuse(errors.FORBIDDEN, fault_of_token)
            return
        offered = subprotocols(socket.headers.get("sec-websocket-protocol", ""))
        is_beta = BETA in socket.headers.get("openai-beta", "") or _BETA_SUBPROTOCOL in offered
        client = await authenticated.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        session = run_session(
            client,
            bot_id=bot_id,
            workflow_id="",
            log_id=authenticated.log_id,
            caller=authenticated.caller,
            redials_as="",
            wire=RealtimeWire(
                msgspec.structs.replace(settings, model=settings.model or bot_id),
                is_beta=is_beta,
                chat=_chat(socket.scope["query_string"]),
            ),
        )
        await serve_session(client, authenticated, sessions, session)

    return realtime


def _chat(query: bytes) -> ChatConfig:
    """The user and the conversation that the URL names, the latter with or without the ``conv_`` of OpenAI's ids."""
    conversation_id = (query_value(query, "conversation_id") or "").removeprefix(CONVERSATION_PREFIX)
    return ChatConfig(conversation_id=conversation_id or None, user_id=query_value(query, "user_id") or None)


def _settings(query: bytes, prepared: Mapping[str, Any]) -> SessionSettings:
    """What a session begins with: the session that an ephemeral key was made with, in the present spelling or in the
    beta's, and the model and the intent in the URL. Raises ProtocolError."""
    is_flat = "type" not in prepared
    settings = updated(SessionSettings(), present_session(prepared) if prepared and is_flat else prepared)
    if (model := query_value(query, "model")) is not None:
        settings = msgspec.structs.replace(settings, model=model)
    if query_value(query, "intent") == "transcription":
        settings = msgspec.structs.replace(settings, type="transcription")
    return settings
