"""The door of every WebSocket endpoint: who is it, may they, and how to say no so that their SDK hears it.

A browser learns nothing of a handshake that fails, so it is let in, told with an ``error`` event, and let out again;
everyone else gets an HTTP status (websocket.md 1.7).
"""

import time
from typing import Any, TypeAlias

import msgspec
from litestar import WebSocket

from kouyu.protocol import downlink, errors
from kouyu.protocol.ids import new_event_id
from kouyu.server.access.access_middleware import refuse_handshake
from kouyu.server.access.client_socket import ClientSocket
from kouyu.server.access.credentials import Credentials, presented
from kouyu.server.access.error_bodies import error_status
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.store.tokens import Permission, TokenRecord, Tokens

Connection: TypeAlias = WebSocket[Any, Any, Any]

POLICY_VIOLATION = 1008
"""The WebSocket close code after an ``error`` event that refuses a client."""


class AuthenticatedClient(msgspec.Struct, frozen=True):
    """A client that has shown a good token, its handshake not yet accepted."""

    connection: Connection
    user: TokenRecord
    credentials: Credentials
    log_id: str

    async def accept(self) -> ClientSocket:
        """Accept the handshake."""
        await self.connection.accept()
        return ClientSocket(self.connection)

    async def refuse(self, code: int, msg: str) -> None:
        """Turn the client away, as it can be told."""
        await _refuse(self.connection, self.credentials, code, msg, self.log_id)


class SocketAuthenticator:
    """Checks tokens, and slows down addresses that keep failing."""

    def __init__(self, tokens: Tokens, failures: FailureBackoff) -> None:
        self._tokens = tokens
        self._failures = failures

    async def authenticate(self, connection: Connection, *permissions: Permission) -> AuthenticatedClient | None:
        """Who connects; None after turning them away. One of the permissions is enough; without any, ``chat`` it is."""
        scope = connection.scope
        log_id: str = scope["state"]["log_id"]
        address = (scope["client"] or ("", 0))[0]
        credentials = presented(scope["headers"], scope["query_string"])
        user = await self._tokens.verify(credentials.token) if credentials.token else None
        if user is not None and not {*user.permissions}.isdisjoint(permissions or ("chat",)):
            return AuthenticatedClient(connection, user, credentials, log_id)
        if wait_s := self._failures.wait_s(address):
            await _turn_away_repeated(connection, wait_s, log_id)
            return None
        self._failures.failed(address)
        await _refuse(connection, credentials, *_reason(credentials, user), log_id)
        return None


def _reason(credentials: Credentials, user: TokenRecord | None) -> tuple[int, str]:
    if user is not None:
        return errors.FORBIDDEN, "the access token does not permit this"
    if credentials.token is None:
        return errors.UNAUTHORIZED, "an access token is missing: send the header Authorization: Bearer <token>"
    return errors.UNAUTHORIZED, "the access token is wrong or has expired"


async def _refuse(connection: Connection, credentials: Credentials, code: int, msg: str, log_id: str) -> None:
    if credentials.sees_status:
        await refuse_handshake(connection.send, error_status(code), code, msg, log_id)
        return
    await connection.accept()
    await say_error_and_close(ClientSocket(connection), code, msg, log_id)


async def say_error_and_close(socket: ClientSocket, code: int, msg: str, log_id: str) -> None:
    """Send an ``error`` event and close: the way of all faults that end a connection's purpose (websocket.md 2.1)."""
    event = downlink.error(code, msg)
    unix_ms = int(time.time() * 1000)
    try:
        await socket.send(downlink.encode(event, event_id=new_event_id(), log_id=log_id, unix_ms=unix_ms))
    except ConnectionError:
        return
    await socket.close(POLICY_VIOLATION, msg.encode()[:123].decode(errors="ignore"))


async def _turn_away_repeated(connection: Connection, wait_s: int, log_id: str) -> None:
    msg = f"too many failed attempts; try again in {wait_s} s"
    header = (b"retry-after", str(wait_s).encode())
    await refuse_handshake(connection.send, 429, errors.RATE_LIMITED, msg, log_id, (header,))
