"""Authenticates clients by their access token: one check for WebSockets and REST."""

import msgspec
from litestar.types import Scope

from kouyu.protocol import errors
from kouyu.server.access.credentials import Credentials
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.store.tokens import Permission, TokenRecord, Tokens


class Refusal(msgspec.Struct, frozen=True):
    """Why a client is refused. ``code`` is a protocol error code; ``retry_after_s`` 0 allows a retry at once."""

    code: int
    msg: str
    retry_after_s: int = 0


class Authenticator:
    """Verifies tokens, and slows down addresses that keep failing."""

    def __init__(self, tokens: Tokens, failures: FailureBackoff) -> None:
        self.tokens = tokens
        self._failures = failures

    async def authenticate(
        self, scope: Scope, credentials: Credentials, permissions: tuple[Permission, ...]
    ) -> TokenRecord | Refusal:
        """Return the client's token, or why it is refused. The token needs one of ``permissions``."""
        user = await self.tokens.verify(credentials.token) if credentials.token else None
        if user is not None and not {*user.permissions}.isdisjoint(permissions):
            return user
        client = scope["client"]
        address = client[0] if client else ""
        if wait_s := self._failures.wait_s(address):
            return Refusal(errors.RATE_LIMITED, f"too many failed attempts; try again in {wait_s} s", wait_s)
        self._failures.failed(address)
        if user is not None:
            return Refusal(errors.FORBIDDEN, "the access token does not permit this")
        what = "wrong or has expired" if credentials.token else "missing: send the header Authorization: Bearer <token>"
        return Refusal(errors.UNAUTHORIZED, f"the access token is {what}")
