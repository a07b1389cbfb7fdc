"""How a client of any WebSocket endpoint comes in, is served, and leaves."""

import logging
from collections.abc import Collection, Coroutine
from itertools import islice
from typing import Any, Final

from kouyu.protocol import errors
from kouyu.server.access.client_socket import ClientSocket, say_error_and_close
from kouyu.server.access.sessions import ServerFull, Sessions
from kouyu.server.access.socket_authentication import AuthenticatedClient, Connection, SocketAuthenticator

log = logging.getLogger(__name__)

NORMAL_CLOSE: Final = 1000
INTERNAL_ERROR: Final = 1011
_FULL: Final = "the server is full; try again later"
_LONGEST_ID_SHOWN: Final = 100
_MOST_IDS_SHOWN: Final = 20


async def accept_client(
    authenticator: SocketAuthenticator, sessions: Sessions, connection: Connection
) -> tuple[AuthenticatedClient, ClientSocket] | None:
    """The client and its open socket; None after turning it away."""
    authenticated = await authenticator.authenticate(connection)
    if authenticated is None:
        return None
    if sessions.full:
        await authenticated.refuse(errors.TOO_MANY_SESSIONS, _FULL)
        return None
    return authenticated, await authenticated.accept()


def unknown(kind: str, wanted: str, known: Collection[str]) -> str:
    """What to tell a client that names one that is not there; "" where it is."""
    if wanted in known:
        return ""
    names = ", ".join(islice(filter(None, known), _MOST_IDS_SHOWN)) or "none"
    return f"there is no {kind} {wanted[:_LONGEST_ID_SHOWN]!r}, or it is not published; known {kind}s: {names}"


async def serve_session(
    client: ClientSocket, authenticated: AuthenticatedClient, sessions: Sessions, session: Coroutine[Any, Any, None]
) -> None:
    """Run the session. Whatever it raises stops here: no session takes the server with it."""
    try:
        with authenticated.holding(client):
            await sessions.run(client, session)
    except ServerFull:  # between the question and the entry the last place was taken
        await say_error_and_close(client, errors.TOO_MANY_SESSIONS, _FULL, authenticated.log_id)
    except Exception:
        log.exception("a session failed, log id %s", authenticated.log_id)
        await client.close(INTERNAL_ERROR, "internal error")
    else:
        await client.close(NORMAL_CLOSE, "")
