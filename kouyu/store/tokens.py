"""Access tokens: created, shown once, verified on every connection and request, revoked.

A secret is 256 random bits and cannot be guessed, so its plain SHA-256 is stored, without the salt or slow hash that
passwords need.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Collection
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from kouyu.protocol.ids import IdFactory
from kouyu.store.database import Database
from kouyu.store.errors import NameTaken
from kouyu.store.tables import tokens

Permission = Literal["chat", "rest", "diagnostics", "own_diagnostics", "login"]
"""``diagnostics`` covers all sessions, ``own_diagnostics`` those that the same token opened; ``login`` can be exchanged
once for a token of the page."""
ALL_PERMISSIONS: Final[tuple[Permission, ...]] = ("chat", "rest", "diagnostics")
"""Together they permit everything."""

SECRET_PREFIX: Final = "kouyu_"
"""Not ``pat_``, which coze-js refuses in browsers; what follows is [A-Za-z0-9_-] (websocket.md 1.2)."""

TRUSTED_SECONDS: Final = 1.0
"""How long a verified token is cached before the database is read again."""

USED_EVERY_SECONDS: Final = 60
"""``last_used_at`` is written at most this often."""

LOGIN_SECONDS: Final = 24 * 3600
"""How long a login can be exchanged for a token of the page."""

PAGE_SECONDS: Final = 30 * 24 * 3600
"""How long a token of the page is valid."""

_LOGIN_NAME: Final = "login-"
_PAGE_NAME: Final = "page-"
_CACHED_TOKENS: Final = 1024
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret. Times are Unix seconds; ``expires_at`` None means never."""

    id: str
    name: str
    digest: str
    permissions: tuple[Permission, ...]
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None

    @property
    def is_of_page(self) -> bool:
        """Whether it was created from a login."""
        return self.name == _PAGE_NAME + self.id

    def expired(self, now: float) -> bool:
        """Whether it has expired at the Unix time ``now``."""
        return self.expires_at is not None and self.expires_at <= now


class _Insert(msgspec.Struct, frozen=True):
    record: TokenRecord

    def apply(self, connection: Connection) -> None:
        try:
            connection.execute(insert(tokens).values(msgspec.structs.asdict(self.record)))
        except IntegrityError as error:
            raise NameTaken(f"there is already a token named {self.record.name}") from error


class _Exchange(msgspec.Struct, frozen=True):
    """Replace one token by another; False if the first does not exist (any more)."""

    digest: str
    record: TokenRecord

    def apply(self, connection: Connection) -> bool:
        if connection.execute(delete(tokens).where(tokens.c.digest == self.digest)).rowcount == 0:
            return False
        _Insert(self.record).apply(connection)
        return True


class _ForgetExpired(msgspec.Struct, frozen=True):
    now: int
    prefixes: tuple[str, ...]

    def apply(self, connection: Connection) -> None:
        ours = or_(*(tokens.c.name.startswith(prefix, autoescape=True) for prefix in self.prefixes))
        connection.execute(delete(tokens).where(tokens.c.expires_at <= self.now, ours))


class _NoteUse(msgspec.Struct, frozen=True):
    token_id: str
    used_at: int

    def apply(self, connection: Connection) -> None:
        # Checked again here: another process may have updated it, or this one before the cache did.
        due = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at <= self.used_at - USED_EVERY_SECONDS)
        note = update(tokens).where(tokens.c.id == self.token_id, due).values(last_used_at=self.used_at)
        connection.execute(note)


class _Revoke(msgspec.Struct, frozen=True):
    id_or_name: str

    def apply(self, connection: Connection) -> bool:
        matching = or_(tokens.c.id == self.id_or_name, tokens.c.name == self.id_or_name)
        return connection.execute(delete(tokens).where(matching)).rowcount > 0


class Tokens:
    """The access tokens of this server.

    A verified token is cached for TRUSTED_SECONDS. Revoking it here removes it at once; a revocation by another process
    (``kouyu token revoke``) is seen at the next read of the database, so after a second at most.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ids = IdFactory()
        self._verified: dict[str, tuple[TokenRecord, float]] = {}

    async def create(
        self, name: str, expires_at: int | None = None, permissions: tuple[Permission, ...] = ALL_PERMISSIONS
    ) -> tuple[TokenRecord, str]:
        """Create a token; return it with its secret, which cannot be retrieved again.

        Raises ValueError for a name that is not 1 to 64 letters, digits and ``_.@-``, or is a number, which would read
        as an id; NameTaken.
        """
        if not _NAME.fullmatch(name) or name.isdecimal():
            raise ValueError("a token's name is 1 to 64 letters, digits and _ . @ -, and not a number")
        record, secret = self._new(name, expires_at, permissions)
        await self._database.write_one(_Insert(record))
        return record, secret

    async def create_login(self) -> str:
        """Create a login, which can be exchanged once within LOGIN_SECONDS; return its secret. Deletes expired ones."""
        now = int(self._clock())
        await self._database.write_one(_ForgetExpired(now, (_LOGIN_NAME, _PAGE_NAME)))
        record, secret = self._new(_LOGIN_NAME, now + LOGIN_SECONDS, ("login",))
        await self._database.write_one(_Insert(record))
        return secret

    async def exchange_login(self, login: str) -> tuple[TokenRecord, str] | None:
        """Exchange an unused login for a token of the page, valid for PAGE_SECONDS; return it with its secret."""
        found = await self.verify(login)
        if found is None or found.permissions != ("login",):
            return None
        record, secret = self._new(_PAGE_NAME, int(self._clock()) + PAGE_SECONDS, ALL_PERMISSIONS)
        exchanged = await self._database.write_one(_Exchange(found.digest, record))
        self._verified.pop(found.digest, None)
        return (record, secret) if exchanged else None

    def _new(self, name: str, expires_at: int | None, permissions: tuple[Permission, ...]) -> tuple[TokenRecord, str]:
        """Make a token that is not saved yet; those of the page are named by their id."""
        secret = SECRET_PREFIX + secrets.token_urlsafe(32)
        token_id = self._ids.next_id()
        record = TokenRecord(
            id=token_id,
            name=name + token_id if name in (_LOGIN_NAME, _PAGE_NAME) else name,
            digest=_digest(secret),
            permissions=permissions,
            created_at=int(self._clock()),
            expires_at=expires_at,
        )
        return record, secret

    async def verify(self, secret: str) -> TokenRecord | None:
        """Return the token with this secret if it exists and has not expired."""
        digest, now = _digest(secret), self._clock()
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

    async def revoke(self, id_or_name: str) -> bool:
        """Delete the token; True if there was one."""
        revoked = await self._database.write_one(_Revoke(id_or_name))
        self._verified.clear()
        return revoked

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
        if self._database.offer(_NoteUse(record.id, now)):
            _, read_at = self._verified.get(record.digest, (record, 0.0))
            self._keep(msgspec.structs.replace(record, last_used_at=now), read_at)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
