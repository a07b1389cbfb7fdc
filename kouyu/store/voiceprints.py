"""Voiceprints: groups of enrolled speakers. Deletion removes the data from the disk too, not only from the tables."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from kouyu.protocol.ids import IdFactory
from kouyu.store.database import Database
from kouyu.store.errors import UnknownVoiceprintFeature, UnknownVoiceprintGroup
from kouyu.store.tables import voiceprint_features as features
from kouyu.store.tables import voiceprint_groups as groups


class GroupRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A group. ``owner_id`` is the access token that created it; times are Unix seconds."""

    id: str
    owner_id: str
    account_id: str
    name: str
    description: str
    created_at: int
    updated_at: int
    feature_count: int = 0


class FeatureRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolled speaker, without the voiceprint itself. Times are Unix seconds."""

    id: str
    group_id: str
    owner_id: str
    name: str
    description: str
    created_at: int
    updated_at: int


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A speaker's voiceprint with its origin."""

    model: str
    """The encoder: only voiceprints of the same one can be compared."""
    vector: bytes
    """The voiceprint: float32, little-endian."""
    speech_ms: int
    """Length of the speech that it was computed from."""
    audio: bytes | None = None
    """The speech as a WAV file, if kept."""


class KnownVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A speaker to compare with; see Enrolment."""

    id: str
    name: str
    description: str
    model: str
    vector: bytes
    speech_ms: int


class GroupFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Filter of groups; "" is any. ``name`` is a prefix."""

    name: str = ""
    group_id: str = ""
    owner_id: str = ""
    account_id: str = ""


class _Add(msgspec.Struct, frozen=True):
    """Raises UnknownVoiceprintGroup."""

    record: FeatureRecord
    enrolment: Enrolment

    def apply(self, connection: Connection) -> None:
        _touch(connection, self.record.group_id, self.record.created_at)
        values = msgspec.structs.asdict(self.record) | msgspec.structs.asdict(self.enrolment)
        connection.execute(insert(features).values(values))


class _AddGroup(msgspec.Struct, frozen=True):
    record: GroupRecord

    def apply(self, connection: Connection) -> None:
        values = msgspec.structs.asdict(self.record)
        del values["feature_count"]
        connection.execute(insert(groups).values(values))


class _ChangeGroup(msgspec.Struct, frozen=True):
    """Raises UnknownVoiceprintGroup."""

    group_id: str
    values: dict[str, Any]

    def apply(self, connection: Connection) -> None:
        done = connection.execute(update(groups).where(groups.c.id == self.group_id).values(self.values))
        if done.rowcount == 0:
            raise UnknownVoiceprintGroup(self.group_id)


class _Change(msgspec.Struct, frozen=True):
    """Raises UnknownVoiceprintFeature."""

    group_id: str
    feature_id: str
    values: dict[str, Any]

    def apply(self, connection: Connection) -> None:
        which = (features.c.id == self.feature_id) & (features.c.group_id == self.group_id)
        if connection.execute(update(features).where(which).values(self.values)).rowcount == 0:
            raise UnknownVoiceprintFeature(self.feature_id, self.group_id)


class _Delete(msgspec.Struct, frozen=True):
    """Raises UnknownVoiceprintFeature."""

    group_id: str
    feature_id: str
    deleted_at: int

    def apply(self, connection: Connection) -> None:
        which = (features.c.id == self.feature_id) & (features.c.group_id == self.group_id)
        if connection.execute(delete(features).where(which)).rowcount == 0:
            raise UnknownVoiceprintFeature(self.feature_id, self.group_id)
        _touch(connection, self.group_id, self.deleted_at)


class _DeleteGroup(msgspec.Struct, frozen=True):
    """Raises UnknownVoiceprintGroup."""

    group_id: str

    def apply(self, connection: Connection) -> None:
        connection.execute(delete(features).where(features.c.group_id == self.group_id))
        if connection.execute(delete(groups).where(groups.c.id == self.group_id)).rowcount == 0:
            raise UnknownVoiceprintGroup(self.group_id)


def _touch(connection: Connection, group_id: str, at: int) -> None:
    _ChangeGroup(group_id, {"updated_at": at}).apply(connection)


_FEATURE: Final = [features.c[name] for name in FeatureRecord.__struct_fields__]
_VOICE: Final = [features.c[name] for name in KnownVoice.__struct_fields__]


class Voiceprints:
    """The stored groups and speakers. Every valid token may use any of them, as with files."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ids = IdFactory()

    # Groups

    async def create_group(self, name: str, *, owner_id: str, description: str = "", account_id: str = "") -> str:
        """Create an empty group; return its id."""
        now = int(self._clock())
        record = GroupRecord(
            id=self._ids.next_id(),
            owner_id=owner_id,
            account_id=account_id,
            name=name,
            description=description,
            created_at=now,
            updated_at=now,
        )
        await self._database.write_one(_AddGroup(record))
        return record.id

    async def groups(self, wanted: GroupFilter, *, offset: int, limit: int) -> tuple[tuple[GroupRecord, ...], int]:
        """A part of the groups, latest first, and their total number."""
        count = select(func.count()).where(features.c.group_id == groups.c.id).scalar_subquery()
        query = _filtered(select(*groups.c, count.label("feature_count")), wanted)
        page = query.order_by(groups.c.created_at.desc(), groups.c.id.desc()).offset(offset).limit(limit)
        total: int = await self._database.scalar(_filtered(select(func.count()).select_from(groups), wanted))
        return await self._database.records(page, GroupRecord), total

    async def has_group(self, group_id: str) -> bool:
        """Whether there is a group with this id."""
        return await self._database.scalar(select(groups.c.id).where(groups.c.id == group_id)) is not None

    async def change_group(self, group_id: str, *, name: str | None = None, description: str | None = None) -> None:
        """Change a group; None keeps a value. Raises UnknownVoiceprintGroup."""
        await self._database.write_one(_ChangeGroup(group_id, self._changes(name, description)))

    async def delete_group(self, group_id: str) -> None:
        """Delete the group with all its speakers permanently. Raises UnknownVoiceprintGroup."""
        await self._database.write_one(_DeleteGroup(group_id))
        await self._database.leave_no_trace()

    # Features

    async def enrol(
        self, group_id: str, name: str, enrolment: Enrolment, *, owner_id: str, description: str = ""
    ) -> str:
        """Add a speaker; return the feature's id. Raises UnknownVoiceprintGroup."""
        now = int(self._clock())
        record = FeatureRecord(
            id=self._ids.next_id(),
            group_id=group_id,
            owner_id=owner_id,
            name=name,
            description=description,
            created_at=now,
            updated_at=now,
        )
        await self._database.write_one(_Add(record, enrolment))
        return record.id

    async def features(self, group_id: str, *, offset: int, limit: int) -> tuple[tuple[FeatureRecord, ...], int]:
        """A part of a group's speakers, latest first, and their total number."""
        of_group = features.c.group_id == group_id
        page = (
            select(*_FEATURE)
            .where(of_group)
            .order_by(features.c.created_at.desc(), features.c.id.desc())
            .offset(offset)
            .limit(limit)
        )
        total: int = await self._database.scalar(select(func.count()).select_from(features).where(of_group))
        return await self._database.records(page, FeatureRecord), total

    async def change(
        self,
        group_id: str,
        feature_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        enrolment: Enrolment | None = None,
    ) -> None:
        """Change name, description or voice; None keeps a value. Raises UnknownVoiceprintFeature."""
        values = self._changes(name, description)
        if enrolment is not None:
            values |= msgspec.structs.asdict(enrolment)
        await self._database.write_one(_Change(group_id, feature_id, values))
        if enrolment is not None:
            await self._database.leave_no_trace()

    async def delete(self, group_id: str, feature_id: str) -> None:
        """Delete a speaker, with voiceprint and audio, permanently. Raises UnknownVoiceprintFeature."""
        await self._database.write_one(_Delete(group_id, feature_id, int(self._clock())))
        await self._database.leave_no_trace()

    # Voices

    async def voices(self, group_id: str) -> tuple[KnownVoice, ...]:
        """All speakers of a group with their voiceprints; none for an unknown group."""
        return await self._database.records(select(*_VOICE).where(features.c.group_id == group_id), KnownVoice)

    async def voice(self, feature_id: str) -> KnownVoice | None:
        """One speaker with the voiceprint, of any group."""
        return await self._database.record(select(*_VOICE).where(features.c.id == feature_id), KnownVoice)

    async def audio(self, group_id: str, feature_id: str) -> bytes | None:
        """A speaker's enrolled speech as a WAV file, if kept."""
        which = (features.c.id == feature_id) & (features.c.group_id == group_id)
        audio: bytes | None = await self._database.scalar(select(features.c.audio).where(which))
        return audio

    def _changes(self, name: str | None, description: str | None) -> dict[str, Any]:
        given = {"name": name, "description": description}
        return {"updated_at": int(self._clock())} | {key: value for key, value in given.items() if value is not None}


def _filtered(query: Select[Any], wanted: GroupFilter) -> Select[Any]:
    exact = {groups.c.id: wanted.group_id, groups.c.owner_id: wanted.owner_id, groups.c.account_id: wanted.account_id}
    for column, value in exact.items():
        if value:
            query = query.where(column == value)
    return query.where(groups.c.name.startswith(wanted.name, autoescape=True)) if wanted.name else query
