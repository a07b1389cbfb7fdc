"""Messages and chats as the conversation core makes them."""

from kouyu.domain.chats import Chat, ChatStatus
from kouyu.domain.messages import Message, MessageType, Role


def message(
    message_id: str,
    content: str = "hello",
    *,
    conversation_id: str = "c",
    section_id: str = "c",
    chat_id: str = "chat",
    type: MessageType = "question",
    role: Role = "user",
) -> Message:
    return Message(
        id=message_id,
        conversation_id=conversation_id,
        bot_id="bot",
        role=role,
        type=type,
        content=content,
        content_type="text",
        chat_id=chat_id,
        section_id=section_id,
    )


def answer(message_id: str, content: str = "hi", *, chat_id: str = "chat", conversation_id: str = "c") -> Message:
    return message(
        message_id, content, type="answer", role="assistant", chat_id=chat_id, conversation_id=conversation_id
    )


def chat(chat_id: str, status: ChatStatus = "created", *, conversation_id: str = "c") -> Chat:
    return Chat(
        id=chat_id,
        conversation_id=conversation_id,
        bot_id="bot",
        created_at=1_800_000_000,
        status=status,
        section_id=conversation_id,
    )
