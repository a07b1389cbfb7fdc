"""Accepts or refuses clients of every WebSocket endpoint, and runs their sessions."""

import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from itertools import islice
from typing import Any, Final

import msgspec

from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError
from kouyu.server.access.client_socket import ClientSocket, say_error_and_close
from kouyu.server.access.sessions import TRY_AGAIN_S, ServerFull, Sessions
from kouyu.server.access.socket_authentication import (
    COZE,
    AuthenticatedClient,
    Connection,
    Manner,
    SocketAuthenticator,
)

log = logging.getLogger(__name__)

NORMAL_CLOSE: Final = 1000
INTERNAL_ERROR: Final = 1011
_LONGEST_ID_SHOWN: Final = 100
_MOST_IDS_SHOWN: Final = 20


async def accept_client(
    authenticator: SocketAuthenticator,
    sessions: Sessions,
    connection: Connection,
    *,
    returns: Callable[[AuthenticatedClient], Awaitable[bool]] | None = None,
) -> tuple[AuthenticatedClient, ClientSocket] | None:
    """Authenticate and accept a client; return it with its open socket, or None after refusing it.

    ``returns`` tells whether a client lost its connection and dials again; an overloaded server lets it in.
    """
    authenticated = await admit_client(authenticator, sessions, connection, returns=returns)
    return None if authenticated is None else (authenticated, await authenticated.accept())


async def admit_client(
    authenticator: SocketAuthenticator,
    sessions: Sessions,
    connection: Connection,
    *,
    returns: Callable[[AuthenticatedClient], Awaitable[bool]] | None = None,
    manner: Manner = COZE,
) -> AuthenticatedClient | None:
    """As ``accept_client``, without accepting the handshake. ``manner`` is how its protocol refuses clients."""
    authenticated = await authenticator.authenticate(connection, manner=manner)
    if authenticated is None:
        return None
    if returns is not None and sessions.overload.refuses(sessions.running) and await returns(authenticated):
        authenticated = msgspec.structs.replace(authenticated, is_returning=True)
    if refusal := sessions.refusal(is_returning=authenticated.is_returning):
        await authenticated.refuse(errors.TOO_MANY_SESSIONS, refusal, try_again_s=TRY_AGAIN_S)
        return None
    if over := await authenticated.over_limit():
        await authenticated.refuse(over.code, over.msg, try_again_s=over.retry_after_s)
        return None
    return authenticated


def unknown(kind: str, wanted: str, known: Collection[str]) -> str:
    """The error message for an id that is not known; "" if it is."""
    if wanted in known:
        return ""
    names = ", ".join(islice(filter(None, known), _MOST_IDS_SHOWN)) or "none"
    return f"there is no {kind} {wanted[:_LONGEST_ID_SHOWN]!r}, or it is not published; known {kind}s: {names}"


async def serve_session(
    client: ClientSocket, authenticated: AuthenticatedClient, sessions: Sessions, session: Coroutine[Any, Any, None]
) -> None:
    """Run the session. Log whatever it raises, so that no session stops the server."""
    use = authenticated.caller.use
    try:
        use.begin_conversation()
    except ProtocolError as fault:  # another one of this token took the last place after the check
        session.close()
        await say_error_and_close(client, fault.code, fault.msg, authenticated.log_id)
        return
    try:
        with authenticated.holding(client):
            await sessions.run(client, session, is_returning=authenticated.is_returning)
    except ServerFull as full:  # another session took the last place after the check
        await say_error_and_close(client, errors.TOO_MANY_SESSIONS, str(full), authenticated.log_id)
    except Exception:
        log.exception("a session failed, log id %s", authenticated.log_id)
        await client.close(INTERNAL_ERROR, errors.INTERNAL_MSG)
    else:
        await client.close(NORMAL_CLOSE, "")
    finally:
        use.end_conversation()
