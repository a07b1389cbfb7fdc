"""Recordings of messages, if kept: users' speech, and the audio sent for answers."""

import time
from collections.abc import Callable
from typing import Final, Literal

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, and_, cast, delete, func, insert, select

from kouyu.store.database import Database
from kouyu.store.ownership import OwnedDatabase, is_of
from kouyu.store.sound_bounds import Bounds
from kouyu.store.tables import messages, sounds

MediaType = Literal["audio/ogg", "audio/mpeg"]
_DAY_S = 86_400


class SoundRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of a message's recording. ``created_at`` is in Unix seconds."""

    message_id: str
    conversation_id: str
    role: Literal["user", "assistant"]
    media_type: MediaType
    duration_ms: int
    size: int
    """Size of the file in bytes."""
    created_at: int


class KeepSound(msgspec.Struct, frozen=True):
    """Save the recording of a message, and delete recordings beyond the limits. Does nothing if the message does not
    exist (any more)."""

    record: SoundRecord
    content: bytes
    bounds: Bounds

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        mine = is_of(owner, messages.c.conversation_id)
        is_there = select(messages.c.id).where(messages.c.id == self.record.message_id, mine)
        if connection.execute(is_there).first() is None:
            return
        connection.execute(delete(sounds).where(sounds.c.message_id == self.record.message_id))
        values = {**msgspec.structs.asdict(self.record), "content": self.content}
        connection.execute(insert(sounds).values(values))
        _forget(connection, self.record.created_at, self.bounds)


class ForgetSounds(msgspec.Struct, frozen=True):
    """Delete recordings beyond the limits."""

    now: int
    bounds: Bounds

    def apply(self, connection: Connection) -> None:
        """See Write."""
        _forget(connection, self.now, self.bounds)


# PostgreSQL's sum of integers is a decimal.
_BYTES_KEPT: Final = cast(func.coalesce(func.sum(sounds.c.size), 0), BigInteger)


def _forget(connection: Connection, now: int, bounds: Bounds) -> None:
    connection.execute(delete(sounds).where(sounds.c.created_at < now - bounds.days * _DAY_S))
    kept: int = connection.execute(select(_BYTES_KEPT)).scalar_one()
    oldest = select(sounds.c.message_id, sounds.c.size).order_by(sounds.c.created_at, sounds.c.message_id)
    for message_id, size in connection.execute(oldest).all() if kept > bounds.max_bytes else ():
        if kept <= bounds.max_bytes:
            return
        connection.execute(delete(sounds).where(sounds.c.message_id == message_id))
        kept -= size


class _DeleteSound(msgspec.Struct, frozen=True):
    conversation_id: str
    message_id: str

    def apply(self, connection: Connection, owner: str) -> bool:
        this = _is(owner, self.conversation_id, self.message_id)
        return connection.execute(delete(sounds).where(this)).rowcount > 0


def _is(owner: str, conversation_id: str, message_id: str) -> ColumnElement[bool]:
    this = and_(sounds.c.conversation_id == conversation_id, sounds.c.message_id == message_id)
    return and_(this, is_of(owner, conversation_id))


class Sounds:
    """The stored recordings of one owner. They are deleted with their messages, and these with their conversation."""

    def __init__(self, database: OwnedDatabase) -> None:
        self._database = database

    async def keep(self, record: SoundRecord, content: bytes, bounds: Bounds) -> None:
        """Save the recording of a message, and delete recordings beyond the limits. Raises StoreError."""
        await self._database.write_one(KeepSound(record, content, bounds))

    async def list(self, conversation_id: str) -> tuple[SoundRecord, ...]:
        """The recordings of a conversation, oldest first."""
        mine = is_of(self._database.owner, conversation_id)
        query = select(*_DESCRIBED).where(sounds.c.conversation_id == conversation_id, mine)
        return await self._database.records(query.order_by(sounds.c.created_at, sounds.c.message_id), SoundRecord)

    async def content(self, conversation_id: str, message_id: str) -> tuple[MediaType, bytes] | None:
        """The recording of one message; None if there is none."""
        this = _is(self._database.owner, conversation_id, message_id)
        found = await self._database.record(select(sounds.c.media_type, sounds.c.content).where(this), _Content)
        return (found.media_type, found.content) if found is not None else None

    async def delete(self, conversation_id: str, message_id: str) -> bool:
        """Delete the recording of one message, not the message; True if there was one."""
        return await self._database.write_one(_DeleteSound(conversation_id, message_id))


class KeptSounds:
    """The recordings of all owners."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def forget(self, bounds: Bounds) -> None:
        """Delete recordings beyond the limits."""
        await self._database.write_one(ForgetSounds(int(self._clock()), bounds))

    async def usage(self) -> tuple[int, int]:
        """Number and total bytes of the recordings."""
        query = select(func.count().label("number"), _BYTES_KEPT.label("size"))
        found = await self._database.record(query.select_from(sounds), _Usage)
        return (found.number, found.size) if found is not None else (0, 0)


class _Content(msgspec.Struct, frozen=True):
    media_type: MediaType
    content: bytes


class _Usage(msgspec.Struct, frozen=True):
    number: int
    size: int


_DESCRIBED = [column for column in sounds.c if column.name != "content"]
