"""Groups of speakers as stored, and changes of them as values for the database."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, update

from kouyu.store.errors import UnknownVoiceprintFeature, UnknownVoiceprintGroup
from kouyu.store.tables import voiceprint_features as features
from kouyu.store.tables import voiceprint_groups as groups


class GroupRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A group. ``creator_id`` is the access token that created it; times are Unix seconds."""

    id: str
    creator_id: str
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
    creator_id: str
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


class EnrolFeature(msgspec.Struct, frozen=True):
    """Add a speaker. Raises UnknownVoiceprintGroup."""

    record: FeatureRecord
    enrolment: Enrolment

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        _touch(connection, owner, self.record.group_id, self.record.created_at)
        values = msgspec.structs.asdict(self.record) | msgspec.structs.asdict(self.enrolment)
        connection.execute(insert(features).values(values))


class AddGroup(msgspec.Struct, frozen=True):
    """Add an empty group."""

    record: GroupRecord

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        values = msgspec.structs.asdict(self.record) | {"owner": owner}
        del values["feature_count"]
        connection.execute(insert(groups).values(values))


class ChangeGroup(msgspec.Struct, frozen=True):
    """Change columns of a group. Raises UnknownVoiceprintGroup."""

    group_id: str
    values: dict[str, Any]

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        done = connection.execute(update(groups).where(is_group(owner, self.group_id)).values(self.values))
        if done.rowcount == 0:
            raise UnknownVoiceprintGroup(self.group_id)


class ChangeFeature(msgspec.Struct, frozen=True):
    """Change columns of a speaker. Raises UnknownVoiceprintFeature."""

    group_id: str
    feature_id: str
    values: dict[str, Any]

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        which = is_feature(owner, self.group_id, self.feature_id)
        if connection.execute(update(features).where(which).values(self.values)).rowcount == 0:
            raise UnknownVoiceprintFeature(self.feature_id, self.group_id)


class DeleteFeature(msgspec.Struct, frozen=True):
    """Delete a speaker. Raises UnknownVoiceprintFeature."""

    group_id: str
    feature_id: str
    deleted_at: int

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        which = is_feature(owner, self.group_id, self.feature_id)
        if connection.execute(delete(features).where(which)).rowcount == 0:
            raise UnknownVoiceprintFeature(self.feature_id, self.group_id)
        _touch(connection, owner, self.group_id, self.deleted_at)


class DeleteGroup(msgspec.Struct, frozen=True):
    """Delete a group with its speakers. Raises UnknownVoiceprintGroup."""

    group_id: str

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        # Its features go with it.
        if connection.execute(delete(groups).where(is_group(owner, self.group_id))).rowcount == 0:
            raise UnknownVoiceprintGroup(self.group_id)


def _touch(connection: Connection, owner: str, group_id: str, at: int) -> None:
    ChangeGroup(group_id, {"updated_at": at}).apply(connection, owner)


def is_group(owner: str, group_id: str) -> ColumnElement[bool]:
    """The group with this id, if it is the owner's."""
    return and_(groups.c.id == group_id, groups.c.owner == owner)


def in_group(owner: str, group_id: Any) -> ColumnElement[bool]:
    """Features of this group, if it is the owner's; the group's id may be the features' own column."""
    mine = exists().where(groups.c.id == group_id, groups.c.owner == owner)
    return and_(features.c.group_id == group_id, mine)


def is_feature(owner: str, group_id: str, feature_id: str) -> ColumnElement[bool]:
    """The feature with this id in this group, if that is the owner's."""
    return and_(features.c.id == feature_id, in_group(owner, group_id))
