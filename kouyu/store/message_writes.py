"""Changes of messages, as values for ``Store.write``."""

from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import ContentType, Message, MessageType, Role
from kouyu.store import dialect
from kouyu.store.errors import IdTaken, UnknownConversation
from kouyu.store.ownership import is_of, require_conversation
from kouyu.store.tables import messages


class MessageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message (downlink.md 2.2). Times are Unix seconds.

    ``heard`` is the part of an answer that was played to the user; None is all of it. ``content`` is always the whole.
    ``seq`` grows in the order in which messages were first saved, but for those that a client placed between others.
    ``tool_call_id``: the id of a ``function_call``, or of the call that a ``tool_response`` answers; "" if a client
    added the message, or an older kouyu saved it.
    """

    seq: int
    id: str
    conversation_id: str
    section_id: str
    chat_id: str
    bot_id: str
    role: Role
    type: MessageType
    content: str
    content_type: ContentType
    reasoning_content: str = ""
    heard: str | None = None
    tool_call_id: str = ""
    meta_data: dict[str, str] = {}
    created_at: int
    updated_at: int


def _of_same_conversation(new: Any) -> ColumnElement[bool]:
    same: ColumnElement[bool] = messages.c.conversation_id == new.conversation_id
    return same


class AddMessage(msgspec.Struct, frozen=True):
    """Save a message. One with the same id gets the new content; its place, creation time and ``heard`` stay.

    Raises UnknownConversation, and IdTaken for the id of another conversation's message.
    """

    message: Message
    created_at: int
    tool_call_id: str = ""

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        message = self.message
        require_conversation(connection, message.conversation_id, owner)
        content: dict[str, Any] = {
            "role": message.role,
            "type": message.type,
            "content": message.content,
            "content_type": message.content_type,
            "reasoning_content": "" if message.reasoning_content is UNSET else message.reasoning_content,
            "meta_data": {} if message.meta_data is UNSET else message.meta_data,
            "updated_at": self.created_at,
        }
        origin = {
            "id": message.id,
            "conversation_id": message.conversation_id,
            "section_id": message.section_id,
            "chat_id": message.chat_id,
            "bot_id": message.bot_id,
            "tool_call_id": self.tool_call_id,
            "created_at": self.created_at,
        }
        try:
            values = {**origin, **content}
            is_put = dialect.put(connection, messages, values, key=("id",), change=content, only=_of_same_conversation)
        except IntegrityError as error:
            raise UnknownConversation(message.conversation_id) from error
        if not is_put:
            raise IdTaken(message.id)


class PlaceMessage(msgspec.Struct, frozen=True):
    """Move a message, which was just added, directly behind the message ``after`` of its section, or to the section's
    beginning if that is NO_ID. Does nothing if one of them is not stored."""

    message_id: str
    after: str

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        mine = and_(messages.c.id == self.message_id, is_of(owner, messages.c.conversation_id))
        placed = connection.execute(select(messages).where(mine)).mappings().first()
        if placed is None:
            return
        in_section = and_(
            messages.c.conversation_id == placed["conversation_id"], messages.c.section_id == placed["section_id"]
        )
        before = 0
        if self.after != NO_ID:
            known = connection.execute(select(messages.c.seq).where(in_section, messages.c.id == self.after)).scalar()
            before = placed["seq"] if known is None else known
        passed = and_(in_section, messages.c.seq > before, messages.c.seq < placed["seq"])
        behind = connection.execute(select(messages.c.id, messages.c.seq).where(passed).order_by(messages.c.seq)).all()
        if not behind:
            return
        places = [*(seq for _, seq in behind), placed["seq"]]
        ids = [self.message_id, *(message_id for message_id, _ in behind)]
        # Out of each other's way first: no two rows may have one number, at any moment.
        connection.execute(update(messages).where(messages.c.id.in_(ids)).values(seq=-messages.c.seq))
        moved = update(messages).where(messages.c.id == bindparam("moved")).values(seq=bindparam("place"))
        connection.execute(moved, [{"moved": each, "place": place} for each, place in zip(ids, places, strict=True)])


class TrimAnswer(msgspec.Struct, frozen=True):
    """Note that only ``heard`` of this answer was played. Does nothing if the answer is not stored (any more)."""

    message_id: str
    heard: str

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        mine = is_of(owner, messages.c.conversation_id)
        connection.execute(update(messages).where(messages.c.id == self.message_id, mine).values(heard=self.heard))


class ModifyMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Change the fields that are not None; return the changed message, or None if there is none.

    New content counts as played in full.
    """

    conversation_id: str
    message_id: str
    content: str | None = None
    content_type: ContentType | None = None
    meta_data: dict[str, str] | None = None
    updated_at: int

    def apply(self, connection: Connection, owner: str) -> MessageRecord | None:
        """See OwnedWrite."""
        given = {"content": self.content, "content_type": self.content_type, "meta_data": self.meta_data}
        values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if self.content is not None:
            values["heard"] = None
        changed = update(messages).where(_is(owner, self.conversation_id, self.message_id))
        changed = changed.values(**values, updated_at=self.updated_at)
        row = connection.execute(changed.returning(messages)).mappings().first()
        return None if row is None else msgspec.convert(dict(row), MessageRecord)


class DeleteMessage(msgspec.Struct, frozen=True):
    """Delete the message; return it, or None if there was none."""

    conversation_id: str
    message_id: str

    def apply(self, connection: Connection, owner: str) -> MessageRecord | None:
        """See OwnedWrite."""
        gone = delete(messages).where(_is(owner, self.conversation_id, self.message_id)).returning(messages)
        row = connection.execute(gone).mappings().first()
        return None if row is None else msgspec.convert(dict(row), MessageRecord)


def _is(owner: str, conversation_id: str, message_id: str) -> Any:
    in_conversation = and_(messages.c.id == message_id, messages.c.conversation_id == conversation_id)
    return and_(in_conversation, is_of(owner, conversation_id))
