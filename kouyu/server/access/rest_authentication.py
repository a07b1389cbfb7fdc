"""Authentication guards of REST endpoints: a valid token, or a JSON error with its HTTP status."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from kouyu.protocol.errors import ProtocolError
from kouyu.server.access.authentication import Authenticator, Refusal
from kouyu.server.access.credentials import presented
from kouyu.store.tokens import Permission


class RestAuthenticator:
    """Makes guards of route handlers, for which ``request.user`` is the client's TokenRecord."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self.guard: Guard = self.permitting("rest")
        """For tokens with the permission ``rest``."""

    def permitting(self, *permissions: Permission) -> Guard:
        """A guard for tokens with one of these permissions. It raises ProtocolError for all others."""

        async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
            credentials = presented(connection.scope["headers"], b"")
            match await self._authenticator.authenticate(connection.scope, credentials, permissions):
                case Refusal(code, msg):
                    raise ProtocolError(code, msg)
                case user:
                    connection.scope["user"] = user

        return guard
