"""Conversations: their bot, user and current section."""

import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from kouyu.store import dialect
from kouyu.store.errors import UnknownConversation
from kouyu.store.notices import ConversationDeleted, SectionChanged, notify
from kouyu.store.ownership import OwnedDatabase
from kouyu.store.session_records import SessionRecordFiles
from kouyu.store.tables import conversations

Order = Literal["asc", "desc"]


class ConversationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation. ``section_id`` is the current one (rest.md 3: ``last_section_id``). Times are Unix seconds.

    ``updated_at`` is when the record itself changed (its name or section), not when something was last said.
    """

    id: str
    owner: str
    bot_id: str
    user_id: str
    section_id: str
    name: str
    created_at: int
    updated_at: int
    meta_data: dict[str, str] = {}


class ConversationPage(msgspec.Struct, frozen=True):
    """One page of a list; ``has_more``: another page follows."""

    conversations: tuple[ConversationRecord, ...]
    has_more: bool


class CreateConversation(msgspec.Struct, frozen=True, kw_only=True):
    """Create the conversation unless it exists; its first section has its own id (downlink.md 3.6)."""

    id: str
    bot_id: str
    created_at: int
    user_id: str = ""
    name: str = ""
    meta_data: dict[str, str] = {}

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        given = msgspec.structs.asdict(self)
        values = {**given, "owner": owner, "section_id": self.id, "updated_at": self.created_at}
        dialect.put(connection, conversations, values, key=("id",), change=())


class FindOrCreate(msgspec.Struct, frozen=True):
    """Find the latest conversation with the name and the bot of ``conversation``, or create that one; return the id."""

    conversation: CreateConversation

    def apply(self, connection: Connection, owner: str) -> str:
        """See OwnedWrite."""
        wanted = self.conversation
        same = (
            conversations.c.owner == owner,
            conversations.c.bot_id == wanted.bot_id,
            conversations.c.user_id == wanted.user_id,
            conversations.c.name == wanted.name,
        )
        latest = select(conversations.c.id).where(*same).order_by(conversations.c.id.desc()).limit(1)
        found = connection.execute(latest).scalar()
        if found is None:
            wanted.apply(connection, owner)
        return str(found or wanted.id)


class SetSection(msgspec.Struct, frozen=True):
    """Make this the conversation's current section. Raises UnknownConversation."""

    conversation_id: str
    section_id: str
    updated_at: int

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        _change(connection, owner, self.conversation_id, {"section_id": self.section_id, "updated_at": self.updated_at})
        notify(connection, SectionChanged(self.conversation_id))


class RenameConversation(msgspec.Struct, frozen=True):
    """Give the conversation this name. Raises UnknownConversation."""

    conversation_id: str
    name: str
    updated_at: int

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        _change(connection, owner, self.conversation_id, {"name": self.name, "updated_at": self.updated_at})


class DeleteConversation(msgspec.Struct, frozen=True):
    """Delete the conversation with its messages and chats; True if there was one."""

    conversation_id: str

    def apply(self, connection: Connection, owner: str) -> bool:
        """See OwnedWrite."""
        gone = connection.execute(delete(conversations).where(_is(owner, self.conversation_id)))
        if gone.rowcount:
            notify(connection, ConversationDeleted(self.conversation_id, owner))
        return gone.rowcount > 0


def _is(owner: str, conversation_id: str) -> ColumnElement[bool]:
    return and_(conversations.c.id == conversation_id, conversations.c.owner == owner)


def _change(connection: Connection, owner: str, conversation_id: str, values: dict[str, Any]) -> None:
    done = connection.execute(update(conversations).where(_is(owner, conversation_id)).values(values))
    if done.rowcount == 0:
        raise UnknownConversation(conversation_id)


class Conversations:
    """The stored conversations of one owner."""

    def __init__(
        self, database: OwnedDatabase, session_records: SessionRecordFiles, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._session_records = session_records
        self._clock = clock

    async def find_or_create(self, conversation: CreateConversation) -> str:
        """The id of the latest conversation with this one's name and bot; if there is none, of this one, which is
        created."""
        return await self._database.write_one(FindOrCreate(conversation))

    async def create_if_missing(
        self,
        conversation_id: str,
        bot_id: str,
        user_id: str = "",
        *,
        name: str = "",
        meta_data: dict[str, str] | None = None,
    ) -> ConversationRecord:
        """Return the conversation with this id, unchanged, or create it."""
        create = CreateConversation(
            id=conversation_id,
            bot_id=bot_id,
            user_id=user_id,
            name=name,
            meta_data=meta_data or {},
            created_at=self._now(),
        )
        await self._database.write_one(create)
        record = await self.get(conversation_id)
        if record is None:  # deleted by another request meanwhile
            raise UnknownConversation(conversation_id)
        return record

    async def get(self, conversation_id: str) -> ConversationRecord | None:
        """The conversation with this id."""
        query = select(conversations).where(_is(self._database.owner, conversation_id))
        return await self._database.record(query, ConversationRecord)

    async def set_section(self, conversation_id: str, section_id: str) -> None:
        """Begin a new section. Raises UnknownConversation."""
        await self._database.write_one(SetSection(conversation_id, section_id, self._now()))

    async def rename(self, conversation_id: str, name: str) -> None:
        """Give the conversation a name. Raises UnknownConversation."""
        await self._database.write_one(RenameConversation(conversation_id, name, self._now()))

    async def delete(self, conversation_id: str) -> bool:
        """Delete the conversation with its messages, chats and session records; True if there was one."""
        gone = await self._database.write_one(DeleteConversation(conversation_id))
        if gone:
            await self._session_records.delete_of([conversation_id])
        return gone

    async def list_by_bot(
        self,
        bot_id: str,
        user_id: str | None = None,
        *,
        page_num: int = 1,
        page_size: int = 50,
        order: Order = "desc",
    ) -> ConversationPage:
        """One page of a bot's conversations, of one user or (None) of all, in the order of their creation.

        Pages count from 1; one past the end is empty (rest.md 1.4). Raises ValueError for a page below 1.
        """
        if page_num < 1 or page_size < 1:
            raise ValueError("page_num and page_size count from 1")
        keys = (conversations.c.created_at, conversations.c.id)
        of_bot = and_(conversations.c.bot_id == bot_id, conversations.c.owner == self._database.owner)
        query = select(conversations).where(of_bot)
        if user_id is not None:
            query = query.where(conversations.c.user_id == user_id)
        query = query.order_by(*(key.asc() if order == "asc" else key.desc() for key in keys))
        query = query.offset((page_num - 1) * page_size).limit(page_size + 1)
        found = await self._database.records(query, ConversationRecord)
        return ConversationPage(found[:page_size], len(found) > page_size)

    def _now(self) -> int:
        return int(self._clock())
