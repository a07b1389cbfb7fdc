"""The audit log: who administered what, and when. Entries are added, never changed, and deleted by age alone."""

import time
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select

from kouyu.store.database import Database
from kouyu.store.tables import audit
from kouyu.store.token_records import TokenRecord

Action = Literal[
    "token.created",
    "token.changed",
    "token.revoked",
    "token.link_made",
    "token.issued",
    "app.created",
    "app.deleted",
    "app.allowed",
    "app.denied",
    "bot.created",
    "bot.changed",
    "bot.published",
    "bot.unpublished",
    "user.exported",
    "user.deleted",
    "settings.reloaded",
    "backup.made",
    "backup.restored",
]

LISTED: Final = 1000
"""Most entries that are listed at once."""


class Actor(msgspec.Struct, frozen=True):
    """Who acts: an access token, or the user of a command on the server's machine."""

    name: str
    """The token's name, or "command line:" and the name of the user there."""
    owner: str = ""


def actor_of(token: TokenRecord) -> Actor:
    """The client with this token."""
    return Actor(token.name, token.owner)


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry; ``at`` is in Unix seconds."""

    at: int
    actor: str
    actor_owner: str
    action: Action
    subject: str
    """The name or id of what was administered."""
    owner: str
    """Whose it is."""
    detail: str
    """What was changed, in words; no secrets, and nothing that anybody said."""


class AddEntry(msgspec.Struct, frozen=True):
    """Add an entry."""

    entry: AuditEntry

    def apply(self, connection: Connection) -> None:
        """See Write."""
        connection.execute(insert(audit).values(msgspec.structs.asdict(self.entry)))


class _ForgetBefore(msgspec.Struct, frozen=True):
    before: int

    def apply(self, connection: Connection) -> int:
        return connection.execute(delete(audit).where(audit.c.at < self.before)).rowcount


class Audit:
    """The audit log of the server."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def note(self, actor: Actor, action: Action, subject: str, *, owner: str = "", detail: str = "") -> None:
        """Add an entry; it is on disk when this returns. Raises StoreError."""
        await self.add(self.entry(actor, action, subject, owner=owner, detail=detail))

    async def add(self, entry: AddEntry) -> None:
        """Add an entry made by ``entry``. Raises StoreError."""
        await self._database.write_one(entry)

    def entry(self, actor: Actor, action: Action, subject: str, *, owner: str = "", detail: str = "") -> AddEntry:
        """An entry that is to be added in one transaction with what it is about."""
        entry = AuditEntry(
            at=int(self._clock()),
            actor=actor.name,
            actor_owner=actor.owner,
            action=action,
            subject=subject,
            owner=owner,
            detail=detail,
        )
        return AddEntry(entry)

    async def list(self, *, since: int = 0, limit: int = LISTED) -> tuple[AuditEntry, ...]:
        """The latest entries since the Unix time ``since``, latest first."""
        columns: list[Any] = [audit.c[name] for name in AuditEntry.__struct_fields__]
        query = select(*columns).where(audit.c.at >= since).order_by(audit.c.seq.desc()).limit(limit)
        return await self._database.records(query, AuditEntry)

    async def forget_before(self, before: int) -> int:
        """Delete the entries from before the Unix time ``before``; return their number."""
        return await self._database.write_one(_ForgetBefore(before))
