"""Changes of access tokens, as values for the database."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from kouyu.store import dialect
from kouyu.store.audit import AddEntry
from kouyu.store.errors import NameTaken
from kouyu.store.tables import audio_used, tokens
from kouyu.store.token_records import Permission, TokenRecord

USED_EVERY_SECONDS: Final = 60
"""``last_used_at`` is written at most this often."""


class InsertToken(msgspec.Struct, frozen=True):
    """Add a token. Raises NameTaken."""

    record: TokenRecord

    def apply(self, connection: Connection) -> None:
        """See Write."""
        try:
            connection.execute(insert(tokens).values(msgspec.structs.asdict(self.record)))
        except IntegrityError as error:
            raise NameTaken(f"there is already a token named {self.record.name}") from error


class ExchangeToken(msgspec.Struct, frozen=True):
    """Replace one token by another; False if the first does not exist (any more)."""

    digest: str
    record: TokenRecord

    def apply(self, connection: Connection) -> bool:
        """See Write."""
        if connection.execute(delete(tokens).where(tokens.c.digest == self.digest)).rowcount == 0:
            return False
        InsertToken(self.record).apply(connection)
        return True


class ChangeToken(msgspec.Struct, frozen=True):
    """Change the token with this id or name; return it as it is then, or None if there is none."""

    id_or_name: str
    permissions: tuple[Permission, ...] | None
    """None keeps them."""
    limits: dict[str, int | None]
    """New values of fields of TokenLimits; None is no limit."""

    def apply(self, connection: Connection) -> TokenRecord | None:
        """See Write."""
        row = connection.execute(select(tokens).where(_named(self.id_or_name))).mappings().first()
        if row is None:
            return None
        found = msgspec.convert(dict(row), TokenRecord)
        changed = msgspec.structs.replace(
            found,
            permissions=found.permissions if self.permissions is None else self.permissions,
            limits=msgspec.structs.replace(found.limits, **self.limits),
        )
        values: dict[str, Any] = {"permissions": changed.permissions, "limits": changed.limits}
        connection.execute(update(tokens).where(tokens.c.id == found.id).values(values))
        return changed


class ForgetExpired(msgspec.Struct, frozen=True):
    """Delete the expired tokens whose names begin with one of ``prefixes``."""

    now: int
    prefixes: tuple[str, ...]

    def apply(self, connection: Connection) -> None:
        """See Write."""
        ours = or_(*(tokens.c.name.startswith(prefix, autoescape=True) for prefix in self.prefixes))
        connection.execute(delete(tokens).where(tokens.c.expires_at <= self.now, ours))


class NoteUse(msgspec.Struct, frozen=True):
    """Note when a token was last used."""

    token_id: str
    used_at: int

    def apply(self, connection: Connection) -> None:
        """See Write."""
        # Checked again here: another process may have updated it, or this one before the cache did.
        due = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at <= self.used_at - USED_EVERY_SECONDS)
        note = update(tokens).where(tokens.c.id == self.token_id, due).values(last_used_at=self.used_at)
        connection.execute(note)


class RevokeToken(msgspec.Struct, frozen=True):
    """Delete the token with this id or name, and all others of its grant; return it, or None if there was none."""

    id_or_name: str

    def apply(self, connection: Connection) -> TokenRecord | None:
        """See Write."""
        gone = delete(tokens).where(_named(self.id_or_name)).returning(tokens)
        row = connection.execute(gone).mappings().first()
        if row is None:
            return None
        record = msgspec.convert(dict(row), TokenRecord)
        if record.grant_id:  # else its refresh token would give the app another one
            connection.execute(delete(tokens).where(tokens.c.grant_id == record.grant_id))
        return record


class RevokeGrant(msgspec.Struct, frozen=True):
    """Delete all tokens of a grant; with ``entry`` in the audit log, unless they are gone already."""

    grant_id: str
    entry: AddEntry

    def apply(self, connection: Connection) -> None:
        """See Write."""
        if connection.execute(delete(tokens).where(tokens.c.grant_id == self.grant_id)).rowcount:
            self.entry.apply(connection)


class CountAudio(msgspec.Struct, frozen=True):
    """Add to a token's audio of a day, and forget that of earlier days; return the day's sum in ms."""

    token_id: str
    day: int
    milliseconds: int

    def apply(self, connection: Connection) -> int:
        """See Write."""
        if connection.execute(select(tokens.c.id).where(tokens.c.id == self.token_id)).first() is None:
            return 0  # revoked meanwhile
        of_token = audio_used.c.token_id == self.token_id
        connection.execute(delete(audio_used).where(of_token, audio_used.c.day < self.day))
        key = {"token_id": self.token_id, "day": self.day}
        dialect.put(connection, audio_used, {**key, "milliseconds": 0}, key=key, change=())
        of_day = update(audio_used).where(of_token, audio_used.c.day == self.day)
        counted = of_day.values(milliseconds=audio_used.c.milliseconds + self.milliseconds)
        total: int = connection.execute(counted.returning(audio_used.c.milliseconds)).scalar_one()
        return total


def _named(id_or_name: str) -> Any:
    return or_(tokens.c.id == id_or_name, tokens.c.name == id_or_name)
