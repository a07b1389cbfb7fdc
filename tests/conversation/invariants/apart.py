"""What must hold of answers apart from the conversation."""

from dataclasses import dataclass, field
from typing import Any

from kouyu.conversation.answers_apart import MOST_APART
from kouyu.conversation.effects import SaveChat, SaveMessage, Send, Speak
from kouyu.domain.events import (
    ActionRequired,
    ChatBegan,
    ChatCancelled,
    ChatCompleted,
    ChatFailed,
    ChatInProgress,
    OutputInterrupted,
    SpeechDelta,
)
from kouyu.domain.ids import NO_ID
from tests.conversation.simulation import Item


@dataclass
class Apart:
    """Each has a beginning and one end, and everything about it between them; nothing of it is saved. A few run at
    once, each with the audio of its own sentences in their order."""

    running: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    speaks: dict[int, Speak] = field(default_factory=dict)
    last: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The last packet sent of each."""

    def take(self, item: Item) -> None:
        match item:
            case Speak():
                self.speaks[item.order] = item
            case SaveMessage(message):
                assert message.chat_id not in self.begun
            case SaveChat(chat):
                assert chat.id not in self.begun
            case Send(event, apart=is_apart):
                self._take_event(event, is_apart)
            case _:
                pass

    def _take_event(self, event: Any, is_apart: bool) -> None:
        chat_id = _chat_of(event)
        if not is_apart:
            assert chat_id not in self.begun, "what is told of it is marked"
            assert not isinstance(event, ChatCancelled)
            return
        match event:
            case ChatBegan():
                assert chat_id not in self.begun
                assert len(self.running) < MOST_APART
                self.running.add(chat_id)
                self.begun.add(chat_id)
                return
            case OutputInterrupted():
                raise AssertionError("it is no part of the output")
        assert chat_id in self.running, "nothing of one that has ended"
        match event:
            case ChatCompleted() | ChatFailed() | ChatCancelled():
                self.running.remove(chat_id)
            case ChatInProgress() | ActionRequired():
                pass
            case SpeechDelta(_, audio):
                order, index = map(int, audio.split())
                assert self.speaks[order].chat_id == chat_id
                assert (order, index) > self.last.get(chat_id, (0, -1)), "packets go out in order, each once"
                self.last[chat_id] = order, index


def _chat_of(event: Any) -> str:
    known = getattr(event, "chat", None)
    return str(known.id) if known is not None else getattr(getattr(event, "message", None), "chat_id", NO_ID)
