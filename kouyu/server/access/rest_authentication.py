"""Authentication guards of REST endpoints: a valid token, or a JSON error with its HTTP status."""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from kouyu.domain.errors import ProtocolError, TryLater
from kouyu.server.access.authentication import Authenticator
from kouyu.server.access.credentials import presented
from kouyu.server.access.limits import Refusal
from kouyu.store.token_records import CLIENT_PERMISSIONS, Permission, TokenRecord

AnyConnection = ASGIConnection[Any, Any, Any, Any]

_SPOKEN: Final[tuple[Permission, ...]] = ("voice", "text")


class RestAuthenticator:
    """Makes guards of route handlers, for which ``request.user`` is the client's TokenRecord, ``request.auth`` its
    Caller."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self.text: Guard = self.permitting("text")
        """For conversations in text, and what belongs to them."""
        self.bots: Guard = self.permitting("bots")
        """For changing bots."""
        self.bots_or_text: Guard = self.permitting("bots", "text")
        """For reading bots, and for files, of which bots have pictures."""
        self.voiceprints: Guard = self.permitting("voiceprints")
        self.client: Guard = self.permitting(*CLIENT_PERMISSIONS)
        """For what shows no data of anybody."""
        self.metrics: Guard = self.permitting("diagnostics", "text")
        """For ``/metrics``, which shows numbers of the whole server and nobody's data."""
        self.spoken: Guard = self.permitting(*_SPOKEN)
        """For what costs no audio, of endpoints for audio."""

    def permitting(self, *permissions: Permission) -> Guard:
        """A guard for tokens with one of these permissions. It raises ProtocolError for all others."""

        async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
            await self._admit(connection, permissions)

        return guard

    async def audio(self, connection: AnyConnection, _: BaseRouteHandler) -> None:
        """A guard for what recognises or synthesises speech: the token must also have audio left for today."""
        await self.check_audio(await self._admit(connection, _SPOKEN))

    async def check_audio(self, token: TokenRecord) -> None:
        """Raises TryLater if the token has no audio left for today, StoreError."""
        if refusal := await self._authenticator.limiter.audio(token):
            raise TryLater(refusal.code, refusal.msg, refusal.retry_after_s)

    async def _admit(self, connection: AnyConnection, permissions: tuple[Permission, ...]) -> TokenRecord:
        credentials = presented(connection.scope["headers"], b"")
        match await self._authenticator.authenticate(connection.scope, credentials, permissions):
            case Refusal(code, msg, 0):
                raise ProtocolError(code, msg)
            case Refusal(code, msg, wait_s):
                raise TryLater(code, msg, wait_s)
            case user:
                connection.scope["user"] = user
                connection.scope["auth"] = self._authenticator.limiter.caller(user)
                return user
