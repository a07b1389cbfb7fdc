"""A message as the SDKs read it over REST (downlink.md 2.2)."""

import msgspec

from kouyu.domain.messages import ContentType, Message, MessageType, Role
from kouyu.store.message_writes import MessageRecord


class ShownMessage(msgspec.Struct, frozen=True):
    """A message with every field, since SDKs require them. Times are Unix seconds."""

    id: str
    conversation_id: str
    bot_id: str
    chat_id: str
    section_id: str
    role: Role
    type: MessageType
    content: str
    content_type: ContentType
    meta_data: dict[str, str]
    reasoning_content: str
    created_at: int
    updated_at: int


def shown_record(record: MessageRecord) -> ShownMessage:
    """A message from the store."""
    return msgspec.convert(record, ShownMessage, from_attributes=True)


def shown_message(message: Message, created_at: int) -> ShownMessage:
    """A message of a running chat, or a delta of one."""
    given = {
        name: value for name in message.__struct_fields__ if (value := getattr(message, name)) is not msgspec.UNSET
    }
    defaults = {"meta_data": {}, "reasoning_content": "", "created_at": created_at, "updated_at": created_at}
    return msgspec.convert(defaults | given, ShownMessage)
