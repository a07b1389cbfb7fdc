"""Chats: one per turn, with its status."""

from collections.abc import Collection
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, Connection, and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from kouyu.domain.chats import Chat, ChatStatus, LastError, RequiredAction, Usage
from kouyu.domain.errors import INTERNAL
from kouyu.domain.ids import server_of
from kouyu.store import dialect
from kouyu.store.errors import ChatEnded, ChatRuns, UnknownConversation
from kouyu.store.ownership import OwnedDatabase, is_of, require_conversation
from kouyu.store.tables import chats

RUNNING_STATUSES: Final[tuple[ChatStatus, ...]] = ("created", "in_progress")
OPEN_STATUSES: Final[tuple[ChatStatus, ...]] = (*RUNNING_STATUSES, "requires_action")
INTERRUPTED: Final = LastError(INTERNAL, "the server stopped in the middle of this chat")

T = TypeVar("T")


class ChatRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A chat as last saved (downlink.md 2.1). Times are Unix seconds, None for events that have not happened.

    The messages of an ``excluded`` chat are never part of the model's context.
    """

    id: str
    conversation_id: str
    section_id: str
    bot_id: str
    user_id: str
    status: ChatStatus
    usage: Usage
    created_at: int
    completed_at: int | None = None
    failed_at: int | None = None
    last_error: LastError | None = None
    meta_data: dict[str, str] = {}
    required_action: RequiredAction | None = None
    excluded: bool = False


class PutChat(msgspec.Struct, frozen=True):
    """Save this state of a chat, replacing the stored one.

    An empty ``user_id`` keeps the stored one; a chat once ``excluded`` stays so. Raises UnknownConversation, and
    ChatEnded for a chat that is stored as ended otherwise: a server that lost its lease finds its chats so.
    """

    chat: Chat
    user_id: str = ""
    excluded: bool = False

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        chat = self.chat
        require_conversation(connection, chat.conversation_id, owner)
        state = {
            "conversation_id": chat.conversation_id,
            "section_id": chat.section_id,
            "bot_id": chat.bot_id,
            "status": chat.status,
            "usage": chat.usage,
            "created_at": chat.created_at,
            "completed_at": _or_none(chat.completed_at),
            "failed_at": _or_none(chat.failed_at),
            "last_error": _or_none(chat.last_error),
            "meta_data": _or_none(chat.meta_data) or {},
            "required_action": _or_none(chat.required_action),
        }
        given = ({"user_id": self.user_id} if self.user_id else {}) | ({"excluded": True} if self.excluded else {})
        values = {"id": chat.id, "user_id": "", "excluded": False, **state, **given}
        try:
            is_put = dialect.put(connection, chats, values, key=("id",), change={**state, **given}, only=_may_change)
        except IntegrityError as error:
            raise UnknownConversation(chat.conversation_id) from error
        if not is_put:
            raise ChatEnded(chat.id)


class BeginChat(msgspec.Struct, frozen=True):
    """Save a chat that begins. Raises ChatRuns if another one runs in its conversation, on any server; see PutChat."""

    put: PutChat

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        chat = self.put.chat
        dialect.lock(connection, dialect.CONVERSATION, chat.conversation_id)
        others = and_(
            chats.c.conversation_id == chat.conversation_id,
            chats.c.id != chat.id,
            chats.c.status.in_(RUNNING_STATUSES),
        )
        if connection.execute(select(chats.c.id).where(others).limit(1)).first() is not None:
            raise ChatRuns(chat.conversation_id)
        self.put.apply(connection, owner)


def _may_change(new: Any) -> ColumnElement[bool]:
    """Whether a stored chat may become the new one: one of the same conversation that has not ended otherwise."""
    may_end_so = or_(chats.c.status.in_(OPEN_STATUSES), chats.c.status == new.status)
    return and_(chats.c.conversation_id == new.conversation_id, may_end_so)


def fail_abandoned(connection: Connection, live: Collection[int], failed_at: int) -> int:
    """Mark the open chats as failed whose server is none of those ``live``; return how many there were.

    The number of a chat's server is in its id.
    """
    open_chats = connection.execute(select(chats.c.id).where(chats.c.status.in_(OPEN_STATUSES))).scalars()
    abandoned = [chat_id for chat_id in open_chats if server_of(chat_id) not in live]
    for chat_id in abandoned:
        fail_chat(connection, chat_id, failed_at)
    return len(abandoned)


def fail_chat(connection: Connection, chat_id: str, failed_at: int) -> None:
    """Mark a chat as failed by a stop of its server, if it is open."""
    values = {"status": "failed", "last_error": INTERRUPTED, "failed_at": failed_at, "required_action": None}
    still_open = and_(chats.c.id == chat_id, chats.c.status.in_(OPEN_STATUSES))
    connection.execute(update(chats).where(still_open).values(values))


def _or_none(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


class Chats:
    """The stored chats of one owner."""

    def __init__(self, database: OwnedDatabase) -> None:
        self._database = database

    async def put(self, chat: Chat, user_id: str = "", *, excluded: bool = False) -> None:
        """Save this state of a chat. See PutChat; raises UnknownConversation."""
        await self._database.write_one(PutChat(chat, user_id, excluded))

    async def get(self, chat_id: str) -> ChatRecord | None:
        """The chat with this id."""
        mine = is_of(self._database.owner, chats.c.conversation_id)
        return await self._database.record(select(chats).where(chats.c.id == chat_id, mine), ChatRecord)

    async def running_in(self, conversation_id: str) -> str | None:
        """The id of the chat running in this conversation; a chat that waits for the client's tools does not count."""
        running = and_(
            chats.c.conversation_id == conversation_id,
            chats.c.status.in_(RUNNING_STATUSES),
            is_of(self._database.owner, conversation_id),
        )
        found: str | None = await self._database.scalar(select(chats.c.id).where(running).limit(1))
        return found
