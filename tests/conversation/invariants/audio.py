"""What must hold of the audio sent."""

import base64
from dataclasses import dataclass, field

from kouyu.conversation.effects import Effect, Speak
from kouyu.conversation.inputs import ConfigurationUpdate, PacketGone
from kouyu.conversation.pacing import limit_of
from kouyu.domain.chats import Chat
from kouyu.domain.configuration import LimitConfig
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message
from kouyu.domain.requests import Announce
from kouyu.protocol.coze.downlink import Cancellation, DownlinkEvent, Sentence
from tests.conversation.simulation import Item, Sent


@dataclass
class Audio:
    """Sentences and their packets, in order, each once; nothing of what has been interrupted."""

    spoken: dict[int, Speak] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    """Items that have been interrupted."""
    sentence: str | None = None
    order: int | None = None
    last: dict[int, int] = field(default_factory=dict)
    """The last packet sent of each order."""
    sounded: set[int] = field(default_factory=set)
    """Items of which something has been sent, or is about to be."""
    chat: str | None = None
    announcing: bool = False
    audible: bool = False
    """Something may sound: there has been a chat or audio since the client was told to be silent."""
    cause: Item | Sent | None = None
    completed: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)

    def take(self, item: Item | Sent) -> None:
        if not isinstance(item, Effect | Sent):
            self.cause = item
        match item:
            case Speak() as speak:
                self.spoken[speak.order] = speak
                if self.chat is None and self._is_announced(speak):
                    self.announcing = True
                    self.sounded.add(speak.item)
            case Sent(event):
                self._take_event(event)
            case _:
                pass

    def _is_announced(self, speak: Speak) -> bool:
        if speak.chat_id != NO_ID:
            return False
        match self.cause:
            case Announce(text):
                return speak.text in text
            case cause:
                return isinstance(cause, ConfigurationUpdate)

    def _take_event(self, event: DownlinkEvent) -> None:
        match event.event_type, event.data:
            case "conversation.chat.created", Chat() as chat:
                self.chat, self.audible = chat.id, True
            case "conversation.chat.canceled", Cancellation(code):
                assert code == 2 or self.audible or self.announcing, "only what is there is interrupted"
                self.audible = False
                self.dead |= self.sounded
                self.announcing, self.sentence, self.order, self.chat = False, None, None, None
            case "conversation.audio.sentence_start", Sentence(text):
                self.sentence, self.order = text, None
                if self.chat is not None:
                    self.begun.add(self.chat)
            case "conversation.audio.delta", Message() as message:
                self._take_packet(message)
            case "conversation.audio.completed", Message() as message:
                assert message.content == ""
                assert message.chat_id == NO_ID or message.chat_id not in self.completed, "completed once"
                self.completed.add(message.chat_id)
                self.sentence = self.order = None
                if message.chat_id == NO_ID:
                    self.announcing = False
            case ("conversation.chat.completed" | "conversation.chat.failed") as end, Chat() as chat:
                assert (chat.id in self.completed) == (chat.id in self.begun or end.endswith("completed"))
                self.chat = None
            case _:
                pass

    def _take_packet(self, message: Message) -> None:
        order, index = map(int, base64.b64decode(message.content).split())
        speak = self.spoken[order]
        assert speak.item not in self.dead, "no audio of what was interrupted"
        assert message.chat_id not in self.completed - {NO_ID}, "no audio after audio.completed"
        assert self.sentence == speak.text, "a sentence's audio follows its sentence_start"
        assert self.order in (None, order), "all audio of a sentence goes before the next sentence"
        assert index > self.last.get(order, -1), "packets go out in order, each once"
        self.order, self.last[order] = order, index
        self.sounded.add(speak.item)
        self.begun.add(message.chat_id)
        self.audible = True


@dataclass
class Pacing:
    """With limit_config never more packets leave than allowed in any window of its period."""

    limit: LimitConfig | None = None
    sent: list[float] = field(default_factory=list)

    def take(self, at: float, item: Item) -> None:
        match item:
            case Speak(configuration=configuration):
                if limit_of(configuration.output_audio) != self.limit:
                    self.limit, self.sent = limit_of(configuration.output_audio), []
            case PacketGone(dropped=False) if self.limit is not None:
                self.sent.append(at)
                in_window = sum(time + self.limit.period > at for time in self.sent)
                assert in_window <= self.limit.max_frame_num
            case _:
                pass
