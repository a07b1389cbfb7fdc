"""A chat as the SDKs read it over REST (downlink.md 2.1, rest.md 4.2)."""

from typing import Any, Final

import msgspec

from kouyu.domain.chats import Chat, LastError
from kouyu.store.chats import ChatRecord

_NO_ERROR: Final = LastError(0, "")
_OF_RECORDS: Final = ("completed_at", "failed_at", "last_error", "meta_data", "required_action")


def shown_chat(chat: Chat) -> dict[str, Any]:
    """A running chat in its last reported state, with ``last_error`` also if nothing failed."""
    shown = {"last_error": _NO_ERROR} | {name: getattr(chat, name) for name in chat.__struct_fields__}
    if chat.last_error is msgspec.UNSET:
        shown["last_error"] = _NO_ERROR
    return {name: value for name, value in shown.items() if value is not msgspec.UNSET}


def kept_chat(record: ChatRecord) -> dict[str, Any]:
    """A chat from the store."""
    set_later = {name: value for name in _OF_RECORDS if (value := getattr(record, name))}
    chat = Chat(
        id=record.id,
        conversation_id=record.conversation_id,
        bot_id=record.bot_id,
        created_at=record.created_at,
        status=record.status,
        usage=record.usage,
        section_id=record.section_id,
        **set_later,
    )
    return shown_chat(chat)
