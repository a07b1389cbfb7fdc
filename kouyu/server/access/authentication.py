"""Authenticates clients by their access token: one check for WebSockets and REST."""

from collections.abc import Callable

from litestar.types import Scope

from kouyu.domain import errors
from kouyu.server.access.credentials import Credentials
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.limits import Refusal, TokenLimiter
from kouyu.store.client_secrets import KEY_PREFIX, ClientSecrets
from kouyu.store.token_records import Permission, TokenRecord
from kouyu.store.tokens import Tokens


class Authenticator:
    """Verifies tokens, counts their requests, and slows down addresses that keep failing."""

    def __init__(
        self,
        tokens: Tokens,
        failures: FailureBackoff,
        limiter: TokenLimiter,
        client_secrets: ClientSecrets,
        counted: Callable[[Scope], bool] = lambda scope: False,
    ) -> None:
        """``counted``: whether another server has counted a request, and passed it on."""
        self.tokens = tokens
        self.client_secrets = client_secrets
        self.limiter = limiter
        self._failures = failures
        self._counted = counted

    async def authenticate(
        self,
        scope: Scope,
        credentials: Credentials,
        permissions: tuple[Permission, ...],
        *,
        takes_ephemeral: bool = False,
    ) -> TokenRecord | Refusal:
        """Return the client's token, or why it is refused. The token needs one of ``permissions``.

        ``takes_ephemeral``: an ephemeral key counts as the token with which it was made; ``client_secrets.session_of``
        has how its conversation is set up.
        """
        user = await self._user(credentials.token, takes_ephemeral=takes_ephemeral) if credentials.token else None
        if user is not None and user.permits(permissions):
            return user if self._counted(scope) else self.limiter.request(user) or user
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

    async def _user(self, secret: str, *, takes_ephemeral: bool) -> TokenRecord | None:
        if takes_ephemeral and secret.startswith(KEY_PREFIX):
            return await self.client_secrets.token_of(secret)
        return await self.tokens.verify(secret)
