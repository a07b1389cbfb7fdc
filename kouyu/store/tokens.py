"""Access tokens: created, shown once, verified on every connection and request, changed, revoked."""

import hmac
import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

import msgspec
from sqlalchemy import select

from kouyu.domain.ids import IdFactory
from kouyu.store.audit import AddEntry
from kouyu.store.database import Database
from kouyu.store.secret_digest import digest_of
from kouyu.store.tables import audio_used, tokens
from kouyu.store.token_records import (
    ALL_PERMISSIONS,
    CLIENT_PERMISSIONS,
    LOGIN_NAME,
    NO_LIMITS,
    PAGE_NAME,
    Permission,
    TokenLimits,
    TokenRecord,
)
from kouyu.store.token_secret import new_secret
from kouyu.store.token_writes import (
    USED_EVERY_SECONDS,
    ChangeToken,
    CountAudio,
    ExchangeToken,
    ForgetExpired,
    InsertToken,
    NoteUse,
    RevokeGrant,
    RevokeToken,
)

TRUSTED_SECONDS: Final = 1.0
"""How long a verified token is cached before the database is read again."""

LOGIN_SECONDS: Final = 24 * 3600
"""How long a login can be exchanged for a token of the page."""

PAGE_SECONDS: Final = 30 * 24 * 3600
"""How long a token of the page is valid."""

DAY_SECONDS: Final = 24 * 3600

_CACHED_TOKENS: Final = 1024
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")


class Tokens:
    """The access tokens of this server.

    A verified token is cached for TRUSTED_SECONDS. Revoking it here removes it at once; a revocation by another process
    (``kouyu token revoke``) is seen at the next read of the database, so after a second at most.
    """

    def __init__(self, database: Database, ids: IdFactory, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._verified: dict[str, tuple[TokenRecord, float]] = {}

    async def create(
        self,
        name: str,
        expires_at: int | None = None,
        permissions: tuple[Permission, ...] = CLIENT_PERMISSIONS,
        *,
        owner: str = "",
        limits: TokenLimits = NO_LIMITS,
    ) -> tuple[TokenRecord, str]:
        """Create a token; return it with its secret, which cannot be retrieved again.

        Raises ValueError for a name or an owner that is not 1 to 64 letters, digits and ``_.@-`` (the owner may be
        empty), and for a name that is a number, which would read as an id; NameTaken.
        """
        if not _NAME.fullmatch(name) or name.isdecimal():
            raise ValueError("a token's name is 1 to 64 letters, digits and _ . @ -, and not a number")
        check_owner(owner)
        record, secret = self._new(name, expires_at, permissions, owner, limits)
        await self._database.write_one(InsertToken(record))
        return record, secret

    async def create_login(self, owner: str = "") -> str:
        """Create a login, which can be exchanged once within LOGIN_SECONDS; return its secret. Deletes expired ones.

        Raises ValueError for an owner as ``create`` does.
        """
        check_owner(owner)
        now = int(self._clock())
        await self._database.write_one(ForgetExpired(now, (LOGIN_NAME, PAGE_NAME)))
        record, secret = self._new(LOGIN_NAME, now + LOGIN_SECONDS, ("login",), owner)
        await self._database.write_one(InsertToken(record))
        return secret

    async def exchange_login(self, login: str) -> tuple[TokenRecord, str] | None:
        """Exchange an unused login for a token of the page, valid for PAGE_SECONDS; return it with its secret.

        It permits everything; for a named owner everything but administration.
        """
        found = await self.verify(login)
        if found is None or found.permissions != ("login",):
            return None
        permissions = CLIENT_PERMISSIONS if found.owner else ALL_PERMISSIONS
        record, secret = self._new(PAGE_NAME, int(self._clock()) + PAGE_SECONDS, permissions, found.owner)
        exchanged = await self._database.write_one(ExchangeToken(found.digest, record))
        self._verified.pop(found.digest, None)
        return (record, secret) if exchanged else None

    def _new(
        self,
        name: str,
        expires_at: int | None,
        permissions: tuple[Permission, ...],
        owner: str,
        limits: TokenLimits = NO_LIMITS,
    ) -> tuple[TokenRecord, str]:
        """Make a token that is not saved yet; those of the page are named by their id."""
        secret, digest = new_secret()
        token_id = self._ids.next_id()
        record = TokenRecord(
            id=token_id,
            name=name + token_id if name in (LOGIN_NAME, PAGE_NAME) else name,
            digest=digest,
            permissions=permissions,
            created_at=int(self._clock()),
            owner=owner,
            limits=limits,
            expires_at=expires_at,
        )
        return record, secret

    async def verify(self, secret: str) -> TokenRecord | None:
        """Return the token with this secret if it exists and has not expired."""
        digest, now = digest_of(secret), self._clock()
        record = await self._find(digest, now)
        if record is None or record.expired(now) or not hmac.compare_digest(record.digest, digest):
            return None
        if record.last_used_at is None or now - record.last_used_at >= USED_EVERY_SECONDS:
            self._note_use(record, int(now))
        return record

    async def list(self) -> tuple[TokenRecord, ...]:
        """All tokens, expired ones too, oldest first."""
        return await self._database.records(select(tokens).order_by(tokens.c.created_at, tokens.c.id), TokenRecord)

    async def those(self, ids: Collection[str]) -> tuple[TokenRecord, ...]:
        """The tokens with these ids that still exist, expired ones too."""
        return await self._database.records(select(tokens).where(tokens.c.id.in_(ids)), TokenRecord)

    async def change(
        self,
        id_or_name: str,
        *,
        permissions: tuple[Permission, ...] | None = None,
        limits: Mapping[str, int | None] | None = None,
    ) -> TokenRecord | None:
        """Change the permissions (None keeps them), and the named fields of the limits; return the changed token, or
        None if there is none."""
        changed = await self._database.write_one(ChangeToken(id_or_name, permissions, dict(limits or {})))
        self._verified.clear()
        return changed

    async def revoke(self, id_or_name: str) -> TokenRecord | None:
        """Delete the token, and all others of the same grant; return it, or None if there was none."""
        revoked = await self._database.write_one(RevokeToken(id_or_name))
        self._verified.clear()
        return revoked

    async def revoke_grant(self, grant_id: str, entry: AddEntry) -> None:
        """Revoke all tokens of a sign-in. ``entry``: for the audit log, if there are any."""
        await self._database.write_one(RevokeGrant(grant_id, entry))
        self._verified.clear()

    async def audio_today_ms(self, token_id: str) -> int:
        """The audio that was counted today (UTC) for the clients of this token, in ms."""
        today = (audio_used.c.token_id == token_id) & (audio_used.c.day == self._today())
        used: int | None = await self._database.scalar(select(audio_used.c.milliseconds).where(today))
        return used or 0

    async def count_audio(self, token_id: str, milliseconds: int) -> int:
        """Add to today's audio of this token; return today's sum in ms."""
        return await self._database.write_one(CountAudio(token_id, self._today(), milliseconds))

    def seconds_left_today(self) -> int:
        """Seconds until the next day of UTC begins."""
        return DAY_SECONDS - int(self._clock()) % DAY_SECONDS

    def _today(self) -> int:
        return int(self._clock()) // DAY_SECONDS

    async def _find(self, digest: str, now: float) -> TokenRecord | None:
        record, read_at = self._verified.get(digest, (None, 0.0))
        if record is not None and 0 <= now - read_at < TRUSTED_SECONDS:
            return record
        record = await self._database.record(select(tokens).where(tokens.c.digest == digest), TokenRecord)
        self._verified.pop(digest, None)
        if record is not None:
            self._keep(record, now)
        return record

    def _keep(self, record: TokenRecord, read_at: float) -> None:
        if len(self._verified) >= _CACHED_TOKENS:
            del self._verified[next(iter(self._verified))]  # the one read longest ago
        self._verified[record.digest] = (record, read_at)

    def _note_use(self, record: TokenRecord, now: int) -> None:
        # Not awaited. If the writer's queue is full, a later use is recorded instead.
        if self._database.offer(NoteUse(record.id, now)):
            _, read_at = self._verified.get(record.digest, (record, 0.0))
            self._keep(msgspec.structs.replace(record, last_used_at=now), read_at)


def check_owner(owner: str) -> None:
    """Raises ValueError for an owner that is neither empty nor 1 to 64 letters, digits and ``_.@-``."""
    if owner and not _NAME.fullmatch(owner):
        raise ValueError("an owner's name is 1 to 64 letters, digits and _ . @ -")
