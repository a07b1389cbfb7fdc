"""What must hold of the events of chats, and of what the client is told of the user's speech."""

from dataclasses import dataclass, field

from kouyu.conversation.effects import UseInputFormat
from kouyu.domain.chats import Chat
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.coze.downlink import DownlinkEvent
from tests.conversation.simulation import Item, Sent


@dataclass
class Chats:
    """Each chat: its question's echo, its announcement, its answer, and exactly one end."""

    running: str | None = None
    created: set[str] = field(default_factory=set)
    echo: Message | None = None
    said: str = ""
    answered: bool = False
    packet_sent: bool = False

    def take(self, item: Item | Sent) -> None:
        if isinstance(item, Sent):
            event = item.event
            if self.echo is not None:
                assert event.event_type == "conversation.chat.created", "the echo is followed by its chat"
            self._take_event(event)

    def _take_event(self, event: DownlinkEvent) -> None:
        match event.event_type, event.data:
            case "conversation.message.completed", Message(type="question") as message:
                self.echo = message
            case "conversation.chat.created", Chat() as chat:
                self._begin(chat)
            case "conversation.chat.canceled", _:
                self.running = None
            case _, Chat() as chat:
                assert chat.id == self.running, "nothing of a chat that has ended"
                if event.event_type in ("conversation.chat.completed", "conversation.chat.failed"):
                    assert event.event_type == "conversation.chat.failed" or self.packet_sent
                    self.running = None
            case _, Message() as message if message.chat_id != NO_ID:
                assert message.chat_id == self.running, "nothing of a chat that has ended"
                self._take_answer(event.event_type, message)
            case _:
                pass

    def _begin(self, chat: Chat) -> None:
        assert self.running is None, "one chat at a time"
        assert chat.id not in self.created
        assert self.echo is None or self.echo.chat_id == chat.id
        self.running, self.echo = chat.id, None
        self.created.add(chat.id)
        self.said, self.answered, self.packet_sent = "", False, False

    def _take_answer(self, event_type: str, message: Message) -> None:
        match event_type, message.type:
            case "conversation.message.delta", "answer":
                assert not self.answered
                self.said += message.content
            case "conversation.message.completed", "answer":
                assert message.content == self.said
                self.answered = True
            case "conversation.message.completed", "verbose":
                assert self.answered or not self.said
                self.packet_sent = True
            case _:
                pass


@dataclass
class UserSpeech:
    """What the client is told of the user's speech, and when the input format changes."""

    speaking: bool = False
    transcript: str | None = None
    completed: int = 0
    """Buffers of which no empty transcript has come."""

    def take(self, item: Item | Sent) -> None:
        match item:
            case Sent(DownlinkEvent("input_audio_buffer.speech_started")):
                assert not self.speaking
                self.speaking = True
            case Sent(DownlinkEvent("input_audio_buffer.speech_stopped")):
                assert self.speaking
                self.speaking = False
            case Sent(DownlinkEvent("conversation.audio_transcript.completed", Transcript(content))):
                self.completed -= not content
                assert content.strip() or self.completed >= 0, "only a completed buffer has an empty transcript"
                self.transcript = content
            case Sent(DownlinkEvent("input_audio_buffer.completed")):
                self.completed += 1
            case Sent(DownlinkEvent("conversation.audio_transcript.update", Transcript(content))):
                assert content.strip()
            case UseInputFormat():
                assert not self.speaking, "the input format changes between buffers"
            case _:
                pass
