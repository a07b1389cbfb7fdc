"""The door of every REST endpoint: a good token, or a JSON error with its status."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from kouyu.protocol import errors
from kouyu.protocol.errors import ProtocolError
from kouyu.server.access.credentials import presented
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.store.tokens import Permission, Tokens


class RestAuthenticator:
    """Checks tokens, and slows down addresses that keep failing."""

    def __init__(self, tokens: Tokens, failures: FailureBackoff) -> None:
        self._tokens = tokens
        self._failures = failures

    async def guard(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """A guard of route handlers, for whom ``request.user`` is the TokenRecord then. Raises ProtocolError for who
        may not come in."""
        await self._check(connection, ("rest",))

    def permitting(self, *permissions: Permission) -> Guard:
        """A guard as ``guard``, for tokens with one of these permissions."""

        async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
            await self._check(connection, permissions)

        return guard

    async def _check(self, connection: ASGIConnection[Any, Any, Any, Any], permissions: tuple[Permission, ...]) -> None:
        scope = connection.scope
        address = (scope["client"] or ("", 0))[0]
        token = presented(scope["headers"], b"").token
        user = await self._tokens.verify(token) if token else None
        if user is not None and not {*user.permissions}.isdisjoint(permissions):
            connection.scope["user"] = user
            return
        if wait_s := self._failures.wait_s(address):
            raise ProtocolError(errors.RATE_LIMITED, f"too many failed attempts; try again in {wait_s} s")
        self._failures.failed(address)
        if user is not None:
            raise ProtocolError(errors.FORBIDDEN, "the access token does not permit this")
        what = "wrong or has expired" if token else "missing: send the header Authorization: Bearer <token>"
        raise ProtocolError(errors.UNAUTHORIZED, f"the access token is {what}")
