"""Voiceprints: groups of enrolled speakers. Deletion removes the data from the disk too, not only from the tables."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Select, func, select

from kouyu.domain.ids import IdFactory
from kouyu.store.ownership import OwnedDatabase
from kouyu.store.tables import voiceprint_features as features
from kouyu.store.tables import voiceprint_groups as groups
from kouyu.store.voiceprint_writes import (
    AddGroup,
    ChangeFeature,
    ChangeGroup,
    DeleteFeature,
    DeleteGroup,
    EnrolFeature,
    Enrolment,
    FeatureRecord,
    GroupRecord,
    in_group,
    is_feature,
    is_group,
)


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
    creator_id: str = ""
    account_id: str = ""


_GROUP: Final = [groups.c[name] for name in GroupRecord.__struct_fields__ if name != "feature_count"]
_FEATURE: Final = [features.c[name] for name in FeatureRecord.__struct_fields__]
_VOICE: Final = [features.c[name] for name in KnownVoice.__struct_fields__]


class Voiceprints:
    """The stored groups and speakers of one owner."""

    def __init__(self, database: OwnedDatabase, ids: IdFactory, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    # Groups

    async def create_group(self, name: str, *, creator_id: str, description: str = "", account_id: str = "") -> str:
        """Create an empty group; return its id."""
        now = int(self._clock())
        record = GroupRecord(
            id=self._ids.next_id(),
            creator_id=creator_id,
            account_id=account_id,
            name=name,
            description=description,
            created_at=now,
            updated_at=now,
        )
        await self._database.write_one(AddGroup(record))
        return record.id

    async def groups(self, wanted: GroupFilter, *, offset: int, limit: int) -> tuple[tuple[GroupRecord, ...], int]:
        """A part of the groups, latest first, and their total number."""
        count = select(func.count()).where(features.c.group_id == groups.c.id).scalar_subquery()
        query = self._filtered(select(*_GROUP, count.label("feature_count")), wanted)
        page = query.order_by(groups.c.created_at.desc(), groups.c.id.desc()).offset(offset).limit(limit)
        total: int = await self._database.scalar(self._filtered(select(func.count()).select_from(groups), wanted))
        return await self._database.records(page, GroupRecord), total

    async def has_group(self, group_id: str) -> bool:
        """Whether there is a group with this id."""
        return (
            await self._database.scalar(select(groups.c.id).where(is_group(self._database.owner, group_id))) is not None
        )

    async def change_group(self, group_id: str, *, name: str | None = None, description: str | None = None) -> None:
        """Change a group; None keeps a value. Raises UnknownVoiceprintGroup."""
        await self._database.write_one(ChangeGroup(group_id, self._changes(name, description)))

    async def delete_group(self, group_id: str) -> None:
        """Delete the group with all its speakers permanently. Raises UnknownVoiceprintGroup."""
        await self._database.write_one(DeleteGroup(group_id))
        await self._database.leave_no_trace(features.name)

    # Features

    async def enrol(
        self, group_id: str, name: str, enrolment: Enrolment, *, creator_id: str, description: str = ""
    ) -> str:
        """Add a speaker; return the feature's id. Raises UnknownVoiceprintGroup."""
        now = int(self._clock())
        record = FeatureRecord(
            id=self._ids.next_id(),
            group_id=group_id,
            creator_id=creator_id,
            name=name,
            description=description,
            created_at=now,
            updated_at=now,
        )
        await self._database.write_one(EnrolFeature(record, enrolment))
        return record.id

    async def features(self, group_id: str, *, offset: int, limit: int) -> tuple[tuple[FeatureRecord, ...], int]:
        """A part of a group's speakers, latest first, and their total number."""
        of_group = in_group(self._database.owner, group_id)
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
        await self._database.write_one(ChangeFeature(group_id, feature_id, values))
        if enrolment is not None:
            await self._database.leave_no_trace(features.name)

    async def delete(self, group_id: str, feature_id: str) -> None:
        """Delete a speaker, with voiceprint and audio, permanently. Raises UnknownVoiceprintFeature."""
        await self._database.write_one(DeleteFeature(group_id, feature_id, int(self._clock())))
        await self._database.leave_no_trace(features.name)

    # Voices

    async def voices(self, group_id: str) -> tuple[KnownVoice, ...]:
        """All speakers of a group with their voiceprints; none for an unknown group."""
        mine = in_group(self._database.owner, group_id)
        return await self._database.records(select(*_VOICE).where(mine), KnownVoice)

    async def voice(self, feature_id: str) -> KnownVoice | None:
        """One speaker with the voiceprint, of any group."""
        mine = in_group(self._database.owner, features.c.group_id)
        return await self._database.record(select(*_VOICE).where(features.c.id == feature_id, mine), KnownVoice)

    async def audio(self, group_id: str, feature_id: str) -> bytes | None:
        """A speaker's enrolled speech as a WAV file, if kept."""
        which = is_feature(self._database.owner, group_id, feature_id)
        audio: bytes | None = await self._database.scalar(select(features.c.audio).where(which))
        return audio

    def _changes(self, name: str | None, description: str | None) -> dict[str, Any]:
        given = {"name": name, "description": description}
        return {"updated_at": int(self._clock())} | {key: value for key, value in given.items() if value is not None}

    def _filtered(self, query: Select[Any], wanted: GroupFilter) -> Select[Any]:
        query = query.where(groups.c.owner == self._database.owner)
        exact = {
            groups.c.id: wanted.group_id,
            groups.c.creator_id: wanted.creator_id,
            groups.c.account_id: wanted.account_id,
        }
        for column, value in exact.items():
            if value:
                query = query.where(column == value)
        return query.where(groups.c.name.startswith(wanted.name, autoescape=True)) if wanted.name else query
