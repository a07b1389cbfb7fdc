"""Sign-ins that wait for a user's consent, or for the app to exchange the consent for tokens (rest.md 1.5).

An app with a redirect URI gets an authorization code once its user has consented; a device gets a device code at once,
and its user enters the short user code that belongs to it. Of either code the store has a digest. An authorization
code that is presented again was stolen, and the tokens that it gave are to be revoked (RFC 6749, 4.1.2).
"""

import secrets
import time
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from kouyu.store.apps import AppRecord
from kouyu.store.audit import AddEntry
from kouyu.store.database import Database
from kouyu.store.issued_tokens import InsertIssued, IssuedTokens
from kouyu.store.secret_digest import digest_of
from kouyu.store.sign_in_tables import sign_ins, used_codes

Status = Literal["pending", "granted", "denied"]
Outcome = Literal["issued", "pending", "slow_down", "denied", "expired", "unknown", "other_uri", "other_verifier"]

CODE_S: Final = 600
"""How long an authorization code can be exchanged."""
DEVICE_CODE_S: Final = 900
"""How long a user has to enter a device's code."""
INTERVAL_S: Final = 5
"""How often a device may ask for its tokens; also what is added to it when one asks more often (RFC 8628, 3.5)."""
MOST_PENDING: Final = 1000
"""Most devices of one app that may wait at once."""
USER_CODE_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no words come out (RFC 8628, 6.1)."""
_USER_CODE_LENGTH: Final = 8
_EARLY_S: Final = 1
"""Times are saved in whole seconds."""
_SPENT_S: Final = 3600
"""How long an expired device code is remembered, so that its device is told that it has expired."""


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in; times are Unix seconds."""

    digest: str
    """The SHA-256 of the authorization code or device code."""
    user_code: str = ""
    """What the user of a device enters; "" for an authorization code."""
    app_id: str
    status: Status
    redirect_uri: str = ""
    challenge: str = ""
    """The code challenge of PKCE, as S256; "" for none."""
    expires_at: int
    interval_s: int = INTERVAL_S
    polled_at: int | None = None


class _InsertSignIn(msgspec.Struct, frozen=True):
    sign_in: SignIn
    now: int

    def apply(self, connection: Connection) -> bool:
        """False if too many of the app's devices wait."""
        connection.execute(delete(sign_ins).where(sign_ins.c.expires_at <= self.now - _SPENT_S))
        waiting = select(func.count()).where(
            sign_ins.c.app_id == self.sign_in.app_id, sign_ins.c.status == "pending", sign_ins.c.expires_at > self.now
        )
        if self.sign_in.user_code and connection.execute(waiting).scalar_one() >= MOST_PENDING:
            return False
        connection.execute(insert(sign_ins).values(msgspec.structs.asdict(self.sign_in)))
        return True


class _Decide(msgspec.Struct, frozen=True):
    digest: str
    status: Status
    now: int
    entry: AddEntry

    def apply(self, connection: Connection) -> bool:
        of_it = (sign_ins.c.digest == self.digest, sign_ins.c.status == "pending", sign_ins.c.expires_at > self.now)
        decided = connection.execute(update(sign_ins).where(*of_it).values(status=self.status)).rowcount == 1
        if decided:
            self.entry.apply(connection)
        return decided


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """Exchange a code for tokens, once; only ``issued`` saves them."""

    digest: str
    app_id: str
    redirect_uri: str
    """That of the request; "" for a device."""
    challenge: str
    """What the request's code verifier gives as S256; "" for none."""
    is_device: bool
    now: int
    issued: IssuedTokens

    def apply(self, connection: Connection) -> Outcome:
        """See Write."""
        found = select(sign_ins).where(sign_ins.c.digest == self.digest, sign_ins.c.app_id == self.app_id)
        row = connection.execute(found).mappings().first()
        sign_in = None if row is None else msgspec.convert(dict(row), SignIn)
        if sign_in is None or bool(sign_in.user_code) != self.is_device:
            return "unknown"
        if sign_in.expires_at <= self.now:
            return "expired"
        if self.is_device and sign_in.status == "pending":
            return self._poll(connection, sign_in)
        # In any case: an authorization code that was sent with a wrong verifier may be a stolen one.
        if connection.execute(delete(sign_ins).where(sign_ins.c.digest == self.digest)).rowcount == 0:
            return "unknown"  # another server has exchanged it meanwhile
        if not self.is_device:
            if sign_in.redirect_uri != self.redirect_uri:
                return "other_uri"
            if not secrets.compare_digest(sign_in.challenge, self.challenge):
                return "other_verifier"
        if sign_in.status == "denied":
            return "denied"
        InsertIssued(self.issued).apply(connection)
        if not self.is_device:
            self._note_used(connection, sign_in.expires_at)
        return "issued"

    def _note_used(self, connection: Connection, expires_at: int) -> None:
        connection.execute(delete(used_codes).where(used_codes.c.expires_at <= self.now))
        used = {"digest": self.digest, "app_id": self.app_id, "grant_id": self.issued.access.grant_id}
        connection.execute(insert(used_codes).values(**used, expires_at=expires_at))

    def _poll(self, connection: Connection, sign_in: SignIn) -> Outcome:
        too_early = sign_in.polled_at is not None and self.now - sign_in.polled_at < sign_in.interval_s - _EARLY_S
        interval_s = sign_in.interval_s + (INTERVAL_S if too_early else 0)
        polled: dict[str, Any] = {"polled_at": self.now, "interval_s": interval_s}
        connection.execute(update(sign_ins).where(sign_ins.c.digest == self.digest).values(polled))
        return "slow_down" if too_early else "pending"


class SignIns:
    """The sign-ins that are under way."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def begin_device(self, app: AppRecord) -> tuple[str, str] | None:
        """Begin the sign-in of a device; return its device code and user code, or None if too many wait."""
        code = secrets.token_urlsafe(32)
        user_code = "".join(secrets.choice(USER_CODE_LETTERS) for _ in range(_USER_CODE_LENGTH))
        now = int(self._clock())
        sign_in = SignIn(
            digest=digest_of(code),
            user_code=user_code,
            app_id=app.id,
            status="pending",
            expires_at=now + DEVICE_CODE_S,
        )
        return (code, user_code) if await self._database.write_one(_InsertSignIn(sign_in, now)) else None

    async def grant(self, app: AppRecord, redirect_uri: str, challenge: str, entry: AddEntry) -> str:
        """The user has consented: return the authorization code for the app. ``entry`` is for the audit log."""
        code = secrets.token_urlsafe(32)
        now = int(self._clock())
        sign_in = SignIn(
            digest=digest_of(code),
            app_id=app.id,
            status="granted",
            redirect_uri=redirect_uri,
            challenge=challenge,
            expires_at=now + CODE_S,
        )
        await self._database.write(_InsertSignIn(sign_in, now), entry)
        return code

    async def waiting(self, user_code: str) -> SignIn | None:
        """The device's sign-in with this user code that waits for consent."""
        waits = (sign_ins.c.status == "pending") & (sign_ins.c.expires_at > int(self._clock()))
        query = select(sign_ins).where(sign_ins.c.user_code == user_code, waits)
        return await self._database.record(query, SignIn) if user_code else None

    async def decide(self, sign_in: SignIn, status: Literal["granted", "denied"], entry: AddEntry) -> bool:
        """Save what the user of a device has decided; False if it was decided, or has expired, meanwhile."""
        return await self._database.write_one(_Decide(sign_in.digest, status, int(self._clock()), entry))

    async def exchange(
        self, app: AppRecord, code: str, issued: IssuedTokens, *, redirect_uri: str = "", challenge: str = ""
    ) -> Outcome:
        """Exchange an authorization code, or a device code for a device app, for tokens. An authorization code works
        once, whatever comes of it."""
        exchange = Exchange(
            digest=digest_of(code),
            app_id=app.id,
            redirect_uri=redirect_uri,
            challenge=challenge,
            is_device=app.kind == "device",
            now=int(self._clock()),
            issued=issued,
        )
        return await self._database.write_one(exchange)

    async def grant_of_used(self, app: AppRecord, code: str) -> str | None:
        """The grant that the app got for this authorization code when it was used; None if it was none, or would have
        expired."""
        used = (used_codes.c.digest == digest_of(code)) & (used_codes.c.app_id == app.id)
        is_valid = used_codes.c.expires_at > int(self._clock())
        grant_id: str | None = await self._database.scalar(select(used_codes.c.grant_id).where(used, is_valid))
        return grant_id
