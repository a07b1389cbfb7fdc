"""OAuth apps: programs that get access tokens by signing in (rest.md 1.5), registered by the operator.

A service app signs assertions with a private key, of which the store has the public half alone. Of the secret of a web
app it has a digest.
"""

import hmac
import re
import secrets
import time
from collections.abc import Callable
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from kouyu.domain.ids import IdFactory
from kouyu.store.database import Database
from kouyu.store.errors import NameTaken
from kouyu.store.secret_digest import digest_of
from kouyu.store.sign_in_tables import apps
from kouyu.store.tables import tokens
from kouyu.store.token_records import CLIENT_PERMISSIONS, Permission

AppKind = Literal["service", "web", "pkce", "device"]
"""``service``: signs JWTs (JWTAuth). ``web``: has a secret, and users who consent. ``pkce``: the same without a secret,
for browsers and phones. ``device``: shows a code that its user enters on the consent page."""

SECRET_PREFIX: Final = "kouyu_app_"
_CLIENT_ID = re.compile(r"[A-Za-z0-9_.@-]{1,128}")
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,40}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_SCRIPTS: Final = {"javascript", "data", "vbscript", "file", "blob", "about", "filesystem"}
"""Schemes of URIs that a browser would run or open locally."""


class AppRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A registered app. ``created_at`` is in Unix seconds."""

    id: str
    """Its client id."""
    name: str
    kind: AppKind
    owner: str = ""
    """Whose data its tokens read and write."""
    permissions: tuple[Permission, ...] = CLIENT_PERMISSIONS
    """What its tokens permit at most."""
    public_keys: dict[str, str] = {}
    """Public keys (PEM) of a service app, by key id."""
    redirect_uris: tuple[str, ...] = ()
    """Where the browser of a user who has consented may be sent, of web and pkce apps."""
    audiences: tuple[str, ...] = ()
    """Host names that a service app's assertions may be made out to, besides the server's own."""
    secret_digest: str = ""
    """The SHA-256 of a web app's secret."""
    created_at: int

    def has_secret(self, secret: str) -> bool:
        """Whether this is the secret of the (web) app."""
        return bool(self.secret_digest) and hmac.compare_digest(self.secret_digest, digest_of(secret))


class _InsertApp(msgspec.Struct, frozen=True):
    record: AppRecord

    def apply(self, connection: Connection) -> None:
        try:
            connection.execute(insert(apps).values(msgspec.structs.asdict(self.record)))
        except IntegrityError as error:
            raise NameTaken(f"there is already an app with the name {self.record.name} or its client id") from error


class _DeleteApp(msgspec.Struct, frozen=True):
    id_or_name: str

    def apply(self, connection: Connection) -> AppRecord | None:
        named = or_(apps.c.id == self.id_or_name, apps.c.name == self.id_or_name)
        row = connection.execute(delete(apps).where(named).returning(apps)).mappings().first()
        if row is None:
            return None
        record = msgspec.convert(dict(row), AppRecord)
        connection.execute(delete(tokens).where(tokens.c.app_id == record.id))
        return record


class Apps:
    """The apps of this server."""

    def __init__(self, database: Database, ids: IdFactory, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def create(
        self,
        name: str,
        kind: AppKind,
        *,
        client_id: str = "",
        owner: str = "",
        permissions: tuple[Permission, ...] = CLIENT_PERMISSIONS,
        public_keys: dict[str, str] | None = None,
        redirect_uris: tuple[str, ...] = (),
        audiences: tuple[str, ...] = (),
    ) -> tuple[AppRecord, str]:
        """Register an app; return it with its secret ("" unless it is a web app), which cannot be retrieved again.

        Raises ValueError for a name, client id or redirect URI that is not allowed, NameTaken.
        """
        if not _NAME.fullmatch(name) or name.isdecimal():
            raise ValueError("an app's name is 1 to 40 letters, digits and _ . @ -, and not a number")
        if client_id and not _CLIENT_ID.fullmatch(client_id):
            raise ValueError("a client id is 1 to 128 letters, digits and _ . @ -")
        for uri in redirect_uris:
            _check_redirect_uri(uri)
        secret = SECRET_PREFIX + secrets.token_urlsafe(32) if kind == "web" else ""
        record = AppRecord(
            id=client_id or self._ids.next_id(),
            name=name,
            kind=kind,
            owner=owner,
            permissions=permissions,
            public_keys=public_keys or {},
            redirect_uris=redirect_uris,
            audiences=audiences,
            secret_digest=digest_of(secret) if secret else "",
            created_at=int(self._clock()),
        )
        await self._database.write_one(_InsertApp(record))
        return record, secret

    async def get(self, client_id: str) -> AppRecord | None:
        """The app with this client id."""
        return await self._database.record(select(apps).where(apps.c.id == client_id), AppRecord)

    async def list(self) -> tuple[AppRecord, ...]:
        """All apps, oldest first."""
        return await self._database.records(select(apps).order_by(apps.c.created_at, apps.c.id), AppRecord)

    async def delete(self, id_or_name: str) -> AppRecord | None:
        """Delete an app and revoke all of its tokens; return it, or None if there was none."""
        return await self._database.write_one(_DeleteApp(id_or_name))


def _check_redirect_uri(uri: str) -> None:
    """Raises ValueError for a URI to which no browser may be sent with a code."""
    try:
        parts = urlsplit(uri)
        is_web = parts.scheme in ("http", "https")
        fits = (
            uri.isascii()
            and uri.isprintable()
            and " " not in uri
            and "#" not in uri
            and _SCHEME.fullmatch(parts.scheme) is not None
            and parts.scheme.lower() not in _SCRIPTS
            and (bool(parts.hostname) or not is_web)
            and len(uri) <= 2000
        )
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{uri!r} is no redirect URI: it needs a scheme, such as https://app.example.org/callback or"
            " com.example.app:/callback, and no fragment (#) or blank"
        )
