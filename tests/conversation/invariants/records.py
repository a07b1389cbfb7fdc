"""What must hold of what is saved."""

from dataclasses import dataclass, field

from kouyu.conversation.effects import EraseMessage, SaveChat, SaveMessage, StartReply, TrimMessage
from kouyu.domain.chats import Chat
from kouyu.domain.messages import Message
from kouyu.protocol.coze.downlink import DownlinkEvent
from tests.conversation.simulation import Item, Sent


@dataclass
class Records:
    """What is told as completed was saved before; what is not to be kept, and what was rolled back, never is."""

    kept: dict[str, bool] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    created: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)

    def take(self, item: Item | Sent) -> None:
        match item:
            case StartReply(question=question, configuration=configuration):
                self.kept[question.chat_id] = configuration.chat_config.auto_save_history
                self.asked.add(question.chat_id)
            case SaveMessage(message):
                before = self.messages.get(message.id)
                assert message.id not in self.erased, "what was removed is not saved"
                assert before is None or (message.type == "answer" and message.content.startswith(before.content))
                assert self.kept.get(message.chat_id, True), "nothing of a chat that is not to be kept is saved"
                self.messages[message.id] = message
            case TrimMessage(message_id, heard):
                assert self.messages[message_id].content.startswith(heard)
            case EraseMessage(_, message_id):
                self.messages.pop(message_id, None)
                self.erased.add(message_id)
            case SaveChat(chat):
                assert self.kept.get(chat.id, True)
                self.states[chat.id] = chat.status
            case Sent(event):
                self._take_event(event)
            case _:
                pass

    def _take_event(self, event: DownlinkEvent) -> None:
        match event.event_type, event.data:
            case "conversation.message.completed", Message() as message:
                if self.kept[message.chat_id] and message.id not in self.erased:
                    assert self.messages[message.id] == message, "what is told as completed was saved before"
                assert message.chat_id in self.asked
            case "conversation.chat.created", Chat() as chat:
                self.created.add(chat.id)
            case (("conversation.chat.completed" | "conversation.chat.failed"), Chat() as chat) if self.kept.get(
                chat.id, False
            ):
                assert self.states[chat.id] == chat.status
            case _:
                pass
        # Every chat that leaves a trace has been announced: what was rolled back leaves none.
        assert set(self.states) <= self.created | {_chat_id(event)}

    def check_rolled_back(self) -> None:
        """A chat that was prepared and never announced left nothing."""
        traces = {message.chat_id for message in self.messages.values()} | set(self.states)
        assert not traces & (self.asked - self.created)


def _chat_id(event: DownlinkEvent) -> str:
    match event.data:
        case Chat(id=chat_id) | Message(chat_id=chat_id):
            return chat_id
        case _:
            return ""
