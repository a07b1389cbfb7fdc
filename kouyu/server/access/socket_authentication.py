"""Authenticates clients of every WebSocket endpoint, and refuses them in a way that their SDK notices.

A browser hides the status of a failed handshake from its page, so its handshake is accepted, then an ``error`` event
is sent and the connection closed; every other client gets an HTTP status (websocket.md 1.7).
"""

from contextlib import AbstractContextManager
from typing import Any, Final, TypeAlias

import msgspec
from litestar import WebSocket

from kouyu.server.access.access_middleware import refuse_handshake
from kouyu.server.access.authentication import Authenticator
from kouyu.server.access.client_socket import ClientSocket, say_error_and_close
from kouyu.server.access.credentials import Credentials, presented
from kouyu.server.access.error_bodies import error_status
from kouyu.server.access.limits import Refusal, TokenLimiter
from kouyu.server.access.open_sockets import OpenSockets
from kouyu.serving.caller import Caller
from kouyu.store.token_records import Permission, TokenRecord

Connection: TypeAlias = WebSocket[Any, Any, Any]
_SOFTWARE: Final = 200
"""Characters of a client's ``User-Agent`` that are kept."""


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

    async def accept(self) -> ClientSocket:
        """Accept the handshake."""
        await self.connection.accept()
        return ClientSocket(self.connection)

    def holding(self, socket: ClientSocket) -> AbstractContextManager[None]:
        """While the block runs, ``socket`` is closed as soon as this client's token permits it no longer."""
        return self.sockets.holding(socket, self.user, self.log_id, self.needed)

    async def refuse(self, code: int, msg: str, *, try_again_s: int = 0) -> None:
        """Refuse the client with this error, and with ``Retry-After`` if it sees headers and ``try_again_s`` > 0."""
        await _refuse(self.connection, self.credentials, Refusal(code, msg), self.log_id, try_again_s)


class SocketAuthenticator:
    """Authenticates WebSocket handshakes."""

    def __init__(self, authenticator: Authenticator, sockets: OpenSockets) -> None:
        self._authenticator = authenticator
        self._sockets = sockets

    async def authenticate(self, connection: Connection, *permissions: Permission) -> AuthenticatedClient | None:
        """Return the client, or None after refusing it. It needs one of ``permissions`` (``voice`` by default)."""
        scope = connection.scope
        log_id: str = scope["state"]["log_id"]
        credentials = presented(scope["headers"], scope["query_string"])
        needed = permissions or ("voice",)
        match await self._authenticator.authenticate(scope, credentials, needed):
            case Refusal() as refusal:
                await _refuse(connection, credentials, refusal, log_id)
                return None
            case user:
                limiter = self._authenticator.limiter
                return AuthenticatedClient(connection, user, credentials, log_id, self._sockets, limiter, needed)


async def _refuse(
    connection: Connection, credentials: Credentials, refusal: Refusal, log_id: str, try_again_s: int = 0
) -> None:
    if credentials.sees_status or refusal.retry_after_s:  # never accept a handshake only to send "wait"
        seconds = refusal.retry_after_s or try_again_s
        wait = ((b"retry-after", str(seconds).encode()),) if seconds else ()
        await refuse_handshake(connection.send, error_status(refusal.code), refusal.code, refusal.msg, log_id, wait)
        return
    await connection.accept()
    await say_error_and_close(ClientSocket(connection), refusal.code, refusal.msg, log_id)
