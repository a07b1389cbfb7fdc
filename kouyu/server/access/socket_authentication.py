"""Authenticates clients of every WebSocket endpoint, and refuses them in a way that their SDK notices.

A browser hides the status of a failed handshake from its page, so its handshake is accepted, then an ``error`` event
is sent and the connection closed; every other client gets an HTTP status (websocket.md 1.7).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, TypeAlias

import msgspec
from litestar import WebSocket

from kouyu.server.access.access_middleware import answer_handshake
from kouyu.server.access.authentication import Authenticator
from kouyu.server.access.client_socket import ClientSocket, ErrorText, coze_error, say_error_and_close
from kouyu.server.access.credentials import Credentials, presented
from kouyu.server.access.error_bodies import error_body, error_status
from kouyu.server.access.limits import Refusal, TokenLimiter
from kouyu.server.access.open_sockets import OpenSockets
from kouyu.serving.caller import Caller
from kouyu.store.token_records import Permission, TokenRecord

Connection: TypeAlias = WebSocket[Any, Any, Any]
_SOFTWARE: Final = 200
"""Characters of a client's ``User-Agent`` that are kept."""


class Manner(msgspec.Struct, frozen=True):
    """How a protocol lets clients in, and refuses them. ``body`` makes the JSON of an HTTP answer, of its status, a
    code, a message and a log id; ``error_text`` the event for a client whose handshake has been accepted.
    ``by_status``: browsers are refused by the status too, though they hide it from the page."""

    body: Callable[[int, int, str, str], bytes]
    error_text: ErrorText
    by_status: bool
    takes_ephemeral: bool = False
    """Whether an ephemeral key (``store/client_secrets.py``) opens a conversation."""


COZE: Final = Manner(lambda status, code, msg, log_id: error_body(code, msg, log_id), coze_error, by_status=False)


class AuthenticatedClient(msgspec.Struct, frozen=True):
    """A client with a valid token whose handshake has not been accepted yet."""

    connection: Connection
    user: TokenRecord
    credentials: Credentials
    log_id: str
    sockets: OpenSockets
    limiter: TokenLimiter
    needed: tuple[Permission, ...]
    """The permissions of which the token has one."""
    manner: Manner = COZE
    is_returning: bool = False
    """Whether it lost its connection a moment ago and dials again."""

    @property
    def caller(self) -> Caller:
        """The token for sessions."""
        software = self.connection.headers.get("user-agent", "")[:_SOFTWARE]
        return msgspec.structs.replace(self.limiter.caller(self.user), software=software)

    async def over_limit(self) -> Refusal | None:
        """Why no conversation of this token may begin now. Raises StoreError."""
        return self.limiter.conversation(self.user) or await self.limiter.audio(self.user)

    async def accept(self, subprotocol: str | None = None) -> ClientSocket:
        """Accept the handshake, with one of the subprotocols that the client offers."""
        await self.connection.accept(subprotocol)
        return ClientSocket(self.connection, self.manner.error_text)

    def holding(self, socket: ClientSocket) -> AbstractContextManager[None]:
        """While the block runs, ``socket`` is closed as soon as this client's token permits it no longer."""
        return self.sockets.holding(socket, self.user, self.log_id, self.needed)

    async def refuse(self, code: int, msg: str, *, try_again_s: int = 0) -> None:
        """Refuse the client with this error, and with ``Retry-After`` if it sees headers and ``try_again_s`` > 0."""
        refusal = Refusal(code, msg)
        await _refuse(self.connection, self.credentials, refusal, self.log_id, self.manner, try_again_s)


class SocketAuthenticator:
    """Authenticates WebSocket handshakes."""

    def __init__(self, authenticator: Authenticator, sockets: OpenSockets) -> None:
        self._authenticator = authenticator
        self._sockets = sockets

    async def authenticate(
        self, connection: Connection, *permissions: Permission, manner: Manner = COZE
    ) -> AuthenticatedClient | None:
        """Return the client, or None after refusing it. It needs one of ``permissions`` (``voice`` by default)."""
        scope = connection.scope
        log_id: str = scope["state"]["log_id"]
        credentials = presented(scope["headers"], scope["query_string"])
        needed = permissions or ("voice",)
        found = await self._authenticator.authenticate(
            scope, credentials, needed, takes_ephemeral=manner.takes_ephemeral
        )
        match found:
            case Refusal() as refusal:
                await _refuse(connection, credentials, refusal, log_id, manner)
                return None
            case user:
                limiter = self._authenticator.limiter
                return AuthenticatedClient(
                    connection, user, credentials, log_id, self._sockets, limiter, needed, manner
                )


async def _refuse(
    connection: Connection,
    credentials: Credentials,
    refusal: Refusal,
    log_id: str,
    manner: Manner,
    try_again_s: int = 0,
) -> None:
    # Never accept a handshake only to send "wait".
    if credentials.sees_status or manner.by_status or refusal.retry_after_s:
        seconds = refusal.retry_after_s or try_again_s
        wait = ((b"retry-after", str(seconds).encode()),) if seconds else ()
        status = error_status(refusal.code)
        body = manner.body(status, refusal.code, refusal.msg, log_id)
        await answer_handshake(connection.send, status, body, wait)
        return
    await connection.accept()
    await say_error_and_close(ClientSocket(connection, manner.error_text), refusal.code, refusal.msg, log_id)
