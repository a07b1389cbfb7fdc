"""Everything of one user of an owner's clients: found to be exported, and deleted."""

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select

from kouyu.store.chats import ChatRecord
from kouyu.store.conversations import ConversationRecord
from kouyu.store.data_counts import DataCounts
from kouyu.store.file_references import file_ids_in
from kouyu.store.message_writes import MessageRecord
from kouyu.store.notices import ConversationDeleted, notify
from kouyu.store.ownership import OwnedDatabase, is_of
from kouyu.store.session_records import SessionRecordFiles
from kouyu.store.tables import chats, conversations, messages, sounds, variables
from kouyu.store.tables import voiceprint_features as features
from kouyu.store.tables import voiceprint_groups as groups

TABLES: Final = tuple(table.name for table in (conversations, messages, chats, sounds, variables, features))
"""Where the data of a user is."""
AT_ONCE: Final = 20
"""Conversations that are read or deleted in one step, so that others can use the database between the steps."""


class UserVariable(msgspec.Struct, frozen=True):
    """A variable of the user; ``of_id`` is the bot or the app. Times are Unix seconds."""

    of_id: str
    keyword: str
    value: str
    created_at: int
    updated_at: int


class UserVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A voiceprint that was enrolled for the user; ``vector`` is float32, little-endian, ``audio`` WAV."""

    id: str
    group_id: str
    name: str
    description: str
    created_at: int
    updated_at: int
    model: str
    speech_ms: int
    vector: bytes
    audio: bytes | None


class _Step(msgspec.Struct, frozen=True):
    """What one step deleted, and the uploaded files that its messages named."""

    deleted: DataCounts
    file_ids: frozenset[str]
    is_last: bool
    conversation_ids: tuple[str, ...] = ()
    """The conversations that are gone, or from which something is."""


class DeleteConversations(msgspec.Struct, frozen=True):
    """Delete up to AT_ONCE of the conversations that a condition finds, with their messages, chats and recordings."""

    of_owner: ColumnElement[bool]

    def apply(self, connection: Connection) -> _Step:
        """See Write."""
        found = select(conversations.c.id, conversations.c.owner).where(self.of_owner)
        rows = connection.execute(found.order_by(conversations.c.id).limit(AT_ONCE)).all()
        ids = [str(row.id) for row in rows]
        step = _without_messages(connection, messages.c.conversation_id.in_(ids))
        gone = connection.execute(delete(conversations).where(conversations.c.id.in_(ids))).rowcount
        for row in rows:
            notify(connection, ConversationDeleted(str(row.id), str(row.owner)))
        deleted = msgspec.structs.replace(step.deleted, conversations=gone)
        return _Step(deleted, step.file_ids, is_last=len(ids) < AT_ONCE, conversation_ids=tuple(ids))


class _DeleteOfUser(msgspec.Struct, frozen=True):
    """The same for the conversations of a user."""

    user_id: str

    def apply(self, connection: Connection, owner: str) -> _Step:
        return DeleteConversations(_of_user(owner, self.user_id)).apply(connection)


class _DeleteRest(msgspec.Struct, frozen=True):
    """Delete the user's chats in conversations of nobody in particular, variables and voiceprints."""

    user_id: str

    def apply(self, connection: Connection, owner: str) -> _Step:
        theirs = and_(chats.c.user_id == self.user_id, is_of(owner, chats.c.conversation_id))
        found = connection.execute(select(chats.c.conversation_id).where(theirs).distinct()).scalars()
        ids = tuple(str(conversation_id) for conversation_id in found)
        step = _without_messages(connection, messages.c.chat_id.in_(select(chats.c.id).where(theirs)))
        connection.execute(delete(chats).where(theirs))
        mine = and_(variables.c.owner == owner, variables.c.user_id == self.user_id)
        gone = connection.execute(delete(variables).where(mine)).rowcount
        voices = connection.execute(delete(features).where(_voices(owner, self.user_id))).rowcount
        deleted = msgspec.structs.replace(step.deleted, variables=gone, voiceprints=voices)
        return _Step(deleted, step.file_ids, is_last=True, conversation_ids=ids)


def _without_messages(connection: Connection, which: ColumnElement[bool]) -> _Step:
    """Delete messages, with their recordings and feedback."""
    named = select(messages.c.content).where(which, messages.c.content_type == "object_string")
    file_ids = frozenset(found for content in connection.execute(named).scalars() for found in file_ids_in(content))
    of_them = sounds.c.message_id.in_(select(messages.c.id).where(which))
    recordings = connection.execute(delete(sounds).where(of_them)).rowcount
    gone = connection.execute(delete(messages).where(which)).rowcount
    return _Step(DataCounts(messages=gone, recordings=recordings), file_ids, is_last=True)


def _of_user(owner: str, user_id: str) -> ColumnElement[bool]:
    return and_(conversations.c.owner == owner, conversations.c.user_id == user_id)


def _voices(owner: str, user_id: str) -> ColumnElement[bool]:
    """Features named after the user, and all of groups that are."""
    theirs = or_(features.c.name == user_id, groups.c.name == user_id, groups.c.account_id == user_id)
    return exists().where(groups.c.id == features.c.group_id, groups.c.owner == owner, theirs)


class PersonalData:
    """The data of one user among those of an owner. An empty ``user_id``, that of anonymous users, has none."""

    def __init__(self, database: OwnedDatabase, session_records: SessionRecordFiles, user_id: str) -> None:
        self._database = database
        self._session_records = session_records
        self._user_id = user_id

    async def conversations(self, after_id: str) -> tuple[ConversationRecord, ...]:
        """The next AT_ONCE conversations that are the user's, or that have chats of the user, in the order of ids."""
        owner = self._database.owner
        chat = exists().where(chats.c.conversation_id == conversations.c.id, chats.c.user_id == self._user_id)
        theirs = or_(conversations.c.user_id == self._user_id, chat)
        query = select(*_CONVERSATION).where(conversations.c.owner == owner, theirs, conversations.c.id > after_id)
        return await self._database.records(query.order_by(conversations.c.id).limit(AT_ONCE), ConversationRecord)

    async def messages(self, conversation: ConversationRecord) -> tuple[MessageRecord, ...]:
        """The messages of one of these conversations, oldest first; of one that is not the user's, of their chats."""
        query = select(messages).where(messages.c.conversation_id == conversation.id)
        if conversation.user_id != self._user_id:
            theirs = select(chats.c.id).where(chats.c.user_id == self._user_id)
            query = query.where(messages.c.chat_id.in_(theirs))
        return await self._database.records(query.order_by(messages.c.seq), MessageRecord)

    async def chats(self, conversation: ConversationRecord) -> tuple[ChatRecord, ...]:
        """The chats of one of these conversations, likewise."""
        query = select(chats).where(chats.c.conversation_id == conversation.id)
        if conversation.user_id != self._user_id:
            query = query.where(chats.c.user_id == self._user_id)
        return await self._database.records(query.order_by(chats.c.created_at, chats.c.id), ChatRecord)

    async def variables(self) -> tuple[UserVariable, ...]:
        """All variables of the user, of every bot and app."""
        columns = [variables.c[name] for name in UserVariable.__struct_fields__]
        mine = and_(variables.c.owner == self._database.owner, variables.c.user_id == self._user_id)
        query = select(*columns).where(mine).order_by(variables.c.of_id, variables.c.keyword)
        return await self._database.records(query, UserVariable)

    async def voices(self) -> tuple[UserVoice, ...]:
        """The voiceprints that were enrolled under the user's id: as the name of the feature, or as the name or the
        account of its group."""
        columns = [features.c[name] for name in UserVoice.__struct_fields__]
        mine = _voices(self._database.owner, self._user_id)
        return await self._database.records(select(*columns).where(mine).order_by(features.c.id), UserVoice)

    async def delete(self) -> tuple[DataCounts, frozenset[str]]:
        """Delete all of it in steps; return the counts, and the ids of the uploaded files that the messages named."""
        deleted, file_ids = DataCounts(), frozenset[str]()
        is_last = False
        while not is_last:
            step = await self._database.write_one(_DeleteOfUser(self._user_id))
            sessions = await self._session_records.delete_of(step.conversation_ids)
            deleted = deleted.plus(step.deleted).plus(DataCounts(sessions=sessions))
            file_ids |= step.file_ids
            is_last = step.is_last
        rest = await self._database.write_one(_DeleteRest(self._user_id))
        sessions = await self._session_records.delete_of(rest.conversation_ids)
        await self._database.leave_no_trace(*TABLES)
        return deleted.plus(rest.deleted).plus(DataCounts(sessions=sessions)), file_ids | rest.file_ids


_CONVERSATION: Final[list[Any]] = [conversations.c[name] for name in ConversationRecord.__struct_fields__]
