"""Access tokens that apps get by signing in, and the refresh tokens that come with them.

The tokens of one sign-in share a grant: revoking one of them revokes all. A refresh token works once. Where it is
presented again, it was stolen, or the one after it was, and the grant is to be revoked (RFC 9700, 4.14.2).
"""

import time
from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from kouyu.domain.ids import IdFactory
from kouyu.store.apps import AppRecord
from kouyu.store.audit import AddEntry
from kouyu.store.database import Database
from kouyu.store.errors import StoreError
from kouyu.store.secret_digest import digest_of
from kouyu.store.sign_in_tables import apps, used_assertions
from kouyu.store.tables import tokens
from kouyu.store.token_records import APP_TOKEN_OUTLIVES_S, Permission, TokenRecord
from kouyu.store.token_secret import family_digest_of, new_refresh_secret, new_secret
from kouyu.store.token_writes import InsertToken

ACCESS_S: Final = 3600
"""How long an access token is valid that a user's consent gave."""
REFRESH_S: Final = 30 * 24 * 3600
"""How long a refresh token can be exchanged."""


class AssertionUsed(StoreError):
    """This assertion was exchanged for a token before."""


class AppDeleted(StoreError):
    """The app was deleted while it signed in."""


class IssuedTokens(msgspec.Struct, frozen=True):
    """The tokens of one sign-in or refresh, with their secrets, which are not saved; what the audit log says."""

    access: TokenRecord
    access_secret: str
    refresh: TokenRecord | None = None
    refresh_secret: str = ""
    entry: AddEntry | None = None


class InsertIssued(msgspec.Struct, frozen=True):
    """Save issued tokens, and forget those of apps that ended long ago. Raises AppDeleted."""

    issued: IssuedTokens

    def apply(self, connection: Connection) -> None:
        """See Write."""
        access = self.issued.access
        # Locked until these tokens are saved: whoever deletes the app revokes them too.
        registered = select(apps.c.id).where(apps.c.id == access.app_id).with_for_update(read=True)
        if connection.execute(registered).first() is None:
            raise AppDeleted("the app was deleted")
        ended = access.created_at - APP_TOKEN_OUTLIVES_S
        connection.execute(delete(tokens).where(tokens.c.app_id != "", tokens.c.expires_at <= ended))
        InsertToken(access).apply(connection)
        if self.issued.refresh is not None:
            InsertToken(self.issued.refresh).apply(connection)
        if self.issued.entry is not None:
            self.issued.entry.apply(connection)


class _UseAssertion(msgspec.Struct, frozen=True):
    app_id: str
    jti: str
    expires_at: int
    now: int

    def apply(self, connection: Connection) -> None:
        connection.execute(delete(used_assertions).where(used_assertions.c.expires_at <= self.now))
        # Hashed: an app chooses it, at any length.
        digest = digest_of(f"{self.app_id}\n{self.jti}")
        try:
            connection.execute(insert(used_assertions).values(digest=digest, expires_at=self.expires_at))
        except IntegrityError as error:
            raise AssertionUsed("this assertion was exchanged before") from error


class _Rotate(msgspec.Struct, frozen=True):
    digest: str
    app_id: str
    issued: IssuedTokens

    def apply(self, connection: Connection) -> bool:
        """False if there is no such refresh token (any more)."""
        of_it = delete(tokens).where(tokens.c.digest == self.digest, tokens.c.app_id == self.app_id)
        if connection.execute(of_it).rowcount == 0:
            return False
        InsertIssued(self.issued).apply(connection)
        return True


class TokenIssuer:
    """Issues the tokens of apps."""

    def __init__(self, database: Database, ids: IdFactory, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def make(
        self,
        app: AppRecord,
        *,
        lasts_s: int,
        permissions: tuple[Permission, ...] | None = None,
        bots: tuple[str, ...] = (),
        session_name: str = "",
        refreshes: bool = False,
        grant_id: str = "",
        refreshed: str = "",
        entry: AddEntry | None = None,
    ) -> IssuedTokens:
        """Make an access token of the app that lasts ``lasts_s``, and a refresh token if ``refreshes``. Neither is
        saved yet. ``permissions``: the app's, unless given; ``bots``: the only ones it may talk to, if any are given;
        ``refreshed``: the secret of the refresh token that these replace, whose grant has ``grant_id``.
        """
        now = int(self._clock())
        token_id = self._ids.next_id()
        grant_id = grant_id or token_id
        owner = f"{app.owner}/{session_name}" if session_name else app.owner
        secret, digest = new_secret()
        access = TokenRecord(
            id=token_id,
            name=f"{app.name}.{token_id}",
            digest=digest,
            permissions=app.permissions if permissions is None else permissions,
            created_at=now,
            owner=owner,
            expires_at=now + lasts_s,
            app_id=app.id,
            grant_id=grant_id,
            bots=bots,
        )
        if not refreshes:
            return IssuedTokens(access, secret, entry=entry)
        refresh_id = self._ids.next_id()
        refresh_secret, refresh_digest, family = new_refresh_secret(refreshed)
        refresh = TokenRecord(
            id=refresh_id,
            name=f"{app.name}.refresh.{refresh_id}",
            digest=refresh_digest,
            permissions=("refresh",),
            created_at=now,
            owner=owner,
            expires_at=now + REFRESH_S,
            app_id=app.id,
            grant_id=grant_id,
            refresh_family=family,
        )
        return IssuedTokens(access, secret, refresh, refresh_secret, entry)

    async def save_for_assertion(self, issued: IssuedTokens, jti: str, expires_at: int) -> None:
        """Save tokens for an assertion with the id ``jti``, which ends at ``expires_at``. Raises AssertionUsed if it
        was used before."""
        now = int(self._clock())
        use = _UseAssertion(issued.access.app_id, jti, expires_at, now)
        await self._database.write(use, InsertIssued(issued))

    async def refresh_token(self, app: AppRecord, secret: str) -> TokenRecord | None:
        """The app's refresh token with this secret, unless it has expired."""
        query = select(tokens).where(tokens.c.digest == digest_of(secret), tokens.c.app_id == app.id)
        found = await self._database.record(query, TokenRecord)
        is_valid = found is not None and found.permissions == ("refresh",) and not found.expired(self._clock())
        return found if is_valid else None

    async def grant_of_used(self, app: AppRecord, secret: str) -> str | None:
        """The grant of the app whose refresh token this was before it was used; None if it was none, or the grant has
        ended."""
        of_family = (tokens.c.refresh_family == family_digest_of(secret)) & (tokens.c.refresh_family != "")
        is_another = (tokens.c.digest != digest_of(secret)) & (tokens.c.app_id == app.id)
        grant_id: str | None = await self._database.scalar(select(tokens.c.grant_id).where(of_family, is_another))
        return grant_id

    async def rotate(self, refresh: TokenRecord, issued: IssuedTokens) -> bool:
        """Replace a refresh token by issued tokens; False if it was used or revoked meanwhile. Access tokens that it
        gave before last until they expire."""
        return await self._database.write_one(_Rotate(refresh.digest, refresh.app_id, issued))
