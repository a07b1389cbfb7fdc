"""Messages of a conversation, as a list and as the model's context."""

import time
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, exists, false, or_, select

from kouyu.domain.messages import TOOL_TYPES, ContentType, Message, MessageType
from kouyu.store.errors import UnknownMessage
from kouyu.store.message_writes import AddMessage, DeleteMessage, MessageRecord, ModifyMessage, TrimAnswer
from kouyu.store.ownership import OwnedDatabase, is_of
from kouyu.store.tables import chats, messages

Order = Literal["asc", "desc"]

LISTED_TYPES: Final[tuple[MessageType, ...]] = ("question", "answer", "")
"""Types listed to readers of a conversation: questions, answers, and messages inserted without a type."""


class MessagePage(msgspec.Struct, frozen=True):
    """One page of a list; ``has_more``: another page follows in the requested direction."""

    messages: tuple[MessageRecord, ...]
    has_more: bool

    @property
    def first_id(self) -> str:
        """The id to pass as ``before_id`` for the previous page; empty for an empty page."""
        return self.messages[0].id if self.messages else ""

    @property
    def last_id(self) -> str:
        """The id to pass as ``after_id`` for the next page; empty for an empty page."""
        return self.messages[-1].id if self.messages else ""


class Messages:
    """The stored messages of one owner."""

    def __init__(self, database: OwnedDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def add(self, message: Message, created_at: int) -> None:
        """Save a message, or new content for it. See AddMessage; raises UnknownConversation."""
        await self._database.write_one(AddMessage(message, created_at))

    async def trim(self, message_id: str, heard: str) -> None:
        """Note that only ``heard`` of this answer was played."""
        await self._database.write_one(TrimAnswer(message_id, heard))

    async def modify(
        self,
        conversation_id: str,
        message_id: str,
        *,
        content: str | None = None,
        content_type: ContentType | None = None,
        meta_data: dict[str, str] | None = None,
    ) -> MessageRecord | None:
        """Change the given fields; return the changed message, or None if there is none."""
        change = ModifyMessage(
            conversation_id=conversation_id,
            message_id=message_id,
            content=content,
            content_type=content_type,
            meta_data=meta_data,
            updated_at=int(self._clock()),
        )
        return await self._database.write_one(change)

    async def delete(self, conversation_id: str, message_id: str) -> MessageRecord | None:
        """Delete the message; return it, or None if there was none."""
        return await self._database.write_one(DeleteMessage(conversation_id, message_id))

    async def get(self, conversation_id: str, message_id: str) -> MessageRecord | None:
        """The message with this id in this conversation."""
        query = self._of_conversation(conversation_id).where(messages.c.id == message_id)
        return await self._database.record(query, MessageRecord)

    async def of_chat(self, chat_id: str) -> tuple[MessageRecord, ...]:
        """All messages of one chat, of every type, the question included, in the order saved."""
        mine = is_of(self._database.owner, messages.c.conversation_id)
        query = select(messages).where(messages.c.chat_id == chat_id, mine).order_by(messages.c.seq)
        return await self._database.records(query, MessageRecord)

    async def answers_of(self, chat_id: str) -> tuple[MessageRecord, ...]:
        """The messages after a chat's question (rest.md 4.1); those that the client added are before it."""
        records = await self.of_chat(chat_id)
        asked = max((place for place, record in enumerate(records, 1) if record.type == "question"), default=0)
        return records[asked:]

    async def context(
        self, conversation_id: str, section_id: str, limit: int, *, user_id: str = ""
    ) -> tuple[MessageRecord, ...]:
        """Return the last ``limit`` messages of a section for the model's context, oldest first.

        Questions, answers, inserted messages, and tools' calls and outputs; of answers only the part that was played
        (as ``content``), without answers that were not played at all; none of an excluded chat. With ``user_id`` none
        of another user's chats either (uplink.md, data.chat_config). "" is an anonymous user, who sees all messages,
        and whose messages all users see.
        """
        query = _CONTEXT_OF_USER if user_id else _CONTEXT
        return await self._context(query, conversation_id, section_id, limit, user_id)

    async def last_said(self, conversation_id: str, section_id: str, *, user_id: str = "") -> MessageRecord | None:
        """The last message of the context that is not a tool's."""
        query = _SAID_TO_USER if user_id else _SAID
        said = await self._context(query, conversation_id, section_id, 1, user_id)
        return said[0] if said else None

    async def _context(
        self, query: Select[*tuple[Any, ...]], conversation_id: str, section_id: str, limit: int, user_id: str
    ) -> tuple[MessageRecord, ...]:
        values = {"conversation": conversation_id, "section": section_id, "most": limit, "user": user_id}
        values["owner"] = self._database.owner
        newest_first = await self._database.records(query, MessageRecord, values)
        return tuple(_as_heard(message) for message in reversed(newest_first))

    async def list(
        self,
        conversation_id: str,
        *,
        chat_id: str | None = None,
        before_id: str | None = None,
        after_id: str | None = None,
        limit: int = 50,
        order: Order = "desc",
    ) -> MessagePage:
        """Return one page of questions, answers and inserted messages, with their whole text (rest.md 3.1); without
        system messages, which Coze's protocol does not know.

        "Before" and "after" refer to the requested order. With ``after_id``, or neither, the page is the first
        ``limit`` messages after that one; with ``before_id`` alone, the last ``limit`` before it.
        Raises UnknownMessage for a ``before_id`` or ``after_id`` that is not in the conversation.
        """
        ascending = order == "asc"
        before = await self._place(conversation_id, before_id) if before_id else None
        after = await self._place(conversation_id, after_id) if after_id else None
        listed = messages.c.type.in_(LISTED_TYPES), messages.c.role != "system"
        query = self._of_conversation(conversation_id).where(*listed)
        if chat_id:
            query = query.where(messages.c.chat_id == chat_id)
        if after is not None:
            query = query.where(messages.c.seq > after if ascending else messages.c.seq < after)
        if before is not None:
            query = query.where(messages.c.seq < before if ascending else messages.c.seq > before)
        # Read away from the given id: backwards if only the end of the page is known.
        backwards = before is not None and after is None
        rising = ascending != backwards
        query = query.order_by(messages.c.seq.asc() if rising else messages.c.seq.desc()).limit(limit + 1)
        found = await self._database.records(query, MessageRecord)
        page = found[:limit]
        return MessagePage(page[::-1] if backwards else page, len(found) > limit)

    async def _place(self, conversation_id: str, message_id: str) -> int:
        query = select(messages.c.seq).where(
            messages.c.conversation_id == conversation_id,
            messages.c.id == message_id,
            is_of(self._database.owner, conversation_id),
        )
        place: int | None = await self._database.scalar(query)
        if place is None:
            raise UnknownMessage(message_id)
        return place

    def _of_conversation(self, conversation_id: str) -> Select[*tuple[Any, ...]]:
        return _of_conversation(self._database.owner, conversation_id)


def _of_conversation(
    owner: str | BindParameter[Any], conversation_id: str | BindParameter[Any]
) -> Select[*tuple[Any, ...]]:
    of_it = messages.c.conversation_id == conversation_id
    return select(messages).where(of_it, is_of(owner, conversation_id))


def _context(types: tuple[MessageType, ...], of_others: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        _of_conversation(bindparam("owner"), bindparam("conversation"))
        .where(
            messages.c.section_id == bindparam("section"),
            messages.c.type.in_(types),
            or_(messages.c.heard.is_(None), messages.c.heard != ""),
            ~exists().where(chats.c.id == messages.c.chat_id, or_(chats.c.excluded, of_others)),
        )
        .order_by(messages.c.seq.desc())
        .limit(bindparam("most"))
    )


# Built once: each turn begins with it, and SQLAlchemy takes longer to build it than SQLite to execute it.
_OF_OTHERS: Final = and_(chats.c.user_id != "", chats.c.user_id != bindparam("user"))
_CONTEXT: Final = _context((*LISTED_TYPES, *TOOL_TYPES), false())
_CONTEXT_OF_USER: Final = _context((*LISTED_TYPES, *TOOL_TYPES), _OF_OTHERS)
_SAID: Final = _context(LISTED_TYPES, false())
_SAID_TO_USER: Final = _context(LISTED_TYPES, _OF_OTHERS)


def _as_heard(message: MessageRecord) -> MessageRecord:
    return message if message.heard is None else msgspec.structs.replace(message, content=message.heard)
