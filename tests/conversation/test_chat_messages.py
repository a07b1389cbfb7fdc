"""The events and records of a chat's messages, of those kinds that only chats over HTTP have (rest.md 4.2)."""

from kouyu.conversation.chat_messages import ChatMessages
from kouyu.conversation.effects import SaveMessage, Send
from kouyu.conversation.identity import Identity
from kouyu.domain.chats import Chat
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.events import AnswerDelta, MessageCompleted
from kouyu.domain.ids import IdFactory

NOW = 5.0
CHAT = Chat(id="1", conversation_id="2", bot_id="kouyu", created_at=0, status="created", section_id="3")


def messages() -> ChatMessages:
    identity = Identity(ids=IdFactory(), bot_id="kouyu", epoch=1000.0)
    return ChatMessages("Where am I?", "text", chat=CHAT, chat_config=ChatConfig(user_id="ada"), identity=identity)


def test_reasoning_is_sent_beside_an_empty_content_and_not_saved() -> None:
    (effect,) = messages().show_thought("They seem lost.")
    assert isinstance(effect, Send)
    assert isinstance(effect.event, AnswerDelta)
    assert (effect.event.message.content, effect.event.message.reasoning_content) == ("", "They seem lost.")


def test_a_suggested_question_is_saved_before_it_is_sent() -> None:
    save, send = messages().add_message("follow_up", "And where is Rome?", NOW)
    assert isinstance(save, SaveMessage)
    assert isinstance(send, Send)
    assert send.event == MessageCompleted(save.message)
    assert (save.message.role, save.message.type, save.message.content) == (
        "assistant",
        "follow_up",
        "And where is Rome?",
    )
