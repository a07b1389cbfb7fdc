"""Authenticates clients by their access token: one check for WebSockets and REST."""

from litestar.types import Scope

from kouyu.domain import errors
from kouyu.server.access.credentials import Credentials
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.limits import Refusal, TokenLimiter
from kouyu.store.token_records import Permission, TokenRecord
from kouyu.store.tokens import Tokens


class Authenticator:
    """Verifies tokens, counts their requests, and slows down addresses that keep failing."""

    def __init__(self, tokens: Tokens, failures: FailureBackoff, limiter: TokenLimiter) -> None:
        self.tokens = tokens
        self.limiter = limiter
        self._failures = failures

    async def authenticate(
        self, scope: Scope, credentials: Credentials, permissions: tuple[Permission, ...]
    ) -> TokenRecord | Refusal:
        """Return the client's token, or why it is refused. The token needs one of ``permissions``."""
        user = await self.tokens.verify(credentials.token) if credentials.token else None
        if user is not None and user.permits(permissions):
            return self.limiter.request(user) or user
        client = scope["client"]
        address = client[0] if client else ""
        if wait_s := self._failures.wait_s(address):
            return Refusal(errors.RATE_LIMITED, f"too many failed attempts; try again in {wait_s} s", wait_s)
        self._failures.failed(address)
        if user is not None:
            needed = " or ".join(permissions)
            return Refusal(errors.FORBIDDEN, f"the access token does not permit this: it needs the permission {needed}")
        what = "wrong or has expired" if credentials.token else "missing: send the header Authorization: Bearer <token>"
        return Refusal(errors.UNAUTHORIZED, f"the access token is {what}")
