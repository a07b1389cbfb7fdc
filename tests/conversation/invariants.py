"""What must hold of every conversation, whatever comes in and however the engines behave.

``check`` reads the history of a simulation from its beginning; ``check_idle`` looks at its end, after enough waiting.
"""

import base64
from dataclasses import dataclass, field

from kouyu.conversation.effects import (
    CancelJudgement,
    CancelReply,
    CancelSpeech,
    CancelTranscribe,
    Effect,
    ForgetAudio,
    JudgeTurn,
    SaveChat,
    SaveMessage,
    Send,
    Speak,
    StartReply,
    Transcribe,
    TrimMessage,
    UseInputFormat,
)
from kouyu.conversation.inputs import (
    AudioReceived,
    ConfigurationUpdate,
    Input,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    SpeechFailed,
    SpeechFinished,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.conversation.pacing import limit_of
from kouyu.protocol.downlink import Cancellation, Chat, DownlinkEvent, Message, Sentence, Transcript
from kouyu.protocol.ids import NO_ID
from kouyu.protocol.uplink import InputTextGenerateAudio
from tests.conversation.simulation import Simulation

Item = Input | Effect
Order = Transcribe | JudgeTurn | StartReply | Speak
Cancel = CancelTranscribe | CancelJudgement | CancelReply | CancelSpeech
LastReport = (
    TranscriptReady
    | TranscriptFailed
    | TurnJudged
    | ReplyFinished
    | ReplyFailed
    | ReplyToolCalls
    | SpeechFinished
    | SpeechFailed
)
"""A report after which an order is done."""
ENDS = {"conversation.chat.completed": "completed", "conversation.chat.failed": "failed"}


def check(talk: Simulation) -> None:
    """All that must hold at any time."""
    saves = Saves()
    for rule in (Orders(), Audio(), Chats(), saves, Listening()):
        for _, item in talk.history:
            rule.take(item)
    saves.check_rolled_back()
    check_pacing(talk)


def check_idle(talk: Simulation) -> None:
    """All that must hold once nothing has come for long: everything begun has come to an end."""
    assert talk.conversation.deadline(talk.now) is None, "an idle conversation waits for nothing"
    orders, chats, audio = Orders(), Chats(), Audio()
    for _, item in talk.history:
        orders.take(item)
        chats.take(item)
        audio.take(item)
    assert not orders.under_way, "every order has been answered or cancelled"
    assert chats.running is None, "every chat has ended"
    assert not audio.announcing, "every announcement has been completed or interrupted"


@dataclass
class Orders:
    """Orders to engines: numbered uniquely, cancelled only while they run, spans of audio that there is."""

    under_way: dict[int, Order] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    received: int = 0
    forgotten: int = 0
    utterance: Transcribe | None = None

    def take(self, item: Item) -> None:
        if isinstance(item, LastReport):
            self.under_way.pop(item.order, None)
        match item:
            case AudioReceived(end):
                self.received = end
            case Transcribe() | JudgeTurn() | StartReply() | Speak():
                self._begin(item)
            case CancelTranscribe(number) | CancelJudgement(number) | CancelReply(number) | CancelSpeech(number):
                assert number in self.under_way, "only what runs is cancelled"
                del self.under_way[number]
            case ForgetAudio(before):
                assert self.forgotten < before <= self.received
                self.forgotten = before
            case _:
                pass

    def _begin(self, order: Order) -> None:
        assert order.order not in self.seen, "order numbers are unique"
        self.seen.add(order.order)
        self.under_way[order.order] = order
        if isinstance(order, Transcribe | JudgeTurn):
            assert 0 <= order.start <= order.end <= self.received
            assert order.start >= self.forgotten, "forgotten audio is not asked for"
        if isinstance(order, Transcribe) and order.final:
            last, self.utterance = self.utterance, order
            assert last is None or order.start >= last.end or order.start == last.start, "nothing is heard twice"
        running = list(self.under_way.values())
        assert sum(isinstance(other, JudgeTurn) for other in running) <= 1
        assert sum(isinstance(other, Transcribe) and not other.final for other in running) <= 1


@dataclass
class Audio:
    """Sentences and their packets, in order, each once; nothing of what has been interrupted."""

    texts: dict[int, str] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    sentence: str | None = None
    order: int | None = None
    last: tuple[int, int] = (0, -1)
    chat: str | None = None
    announcing: bool = False
    audible: bool = False
    """Something may sound: there has been a chat or audio since the client was told to be silent."""
    cause: Item | None = None
    completed: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)

    def take(self, item: Item) -> None:
        if not isinstance(item, Effect):
            self.cause = item
        match item:
            case Speak(number, _, text):
                self.texts[number] = text
                may_announce = isinstance(self.cause, InputTextGenerateAudio | ConfigurationUpdate)
                self.announcing = self.announcing or (may_announce and self.chat is None)
            case Send(event):
                self._take_event(event)
            case _:
                pass

    def _take_event(self, event: DownlinkEvent) -> None:
        match event.event_type, event.data:
            case "conversation.chat.created", Chat() as chat:
                self.chat, self.audible = chat.id, True
            case "conversation.chat.canceled", Cancellation(code):
                assert code == 2 or self.audible or self.announcing, "only what is there is interrupted"
                self.audible = False
                self.dead |= set(self.texts)
                self.announcing, self.sentence, self.order, self.chat = False, None, None, None
            case "conversation.audio.sentence_start", Sentence(text):
                self.sentence, self.order = text, None
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
        assert order not in self.dead, "no audio of what was interrupted"
        assert message.chat_id not in self.completed - {NO_ID}, "no audio after audio.completed"
        assert self.sentence == self.texts[order], "a sentence's audio follows its sentence_start"
        assert self.order in (None, order), "all audio of a sentence goes before the next sentence"
        assert (order, index) > self.last, "packets go out in order, each once"
        self.order, self.last = order, (order, index)
        self.begun.add(message.chat_id)
        self.audible = True


@dataclass
class Chats:
    """Each chat: its question's echo, its announcement, its answer, and exactly one end."""

    running: str | None = None
    created: set[str] = field(default_factory=set)
    echo: Message | None = None
    said: str = ""
    answered: bool = False
    packet_sent: bool = False

    def take(self, item: Item) -> None:
        if isinstance(item, Send):
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
                if event.event_type in ENDS:
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
class Saves:
    """What is told as completed was saved before; what is not to be kept, and what was rolled back, never is."""

    kept: dict[str, bool] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    trimmed: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    created: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)

    def take(self, item: Item) -> None:
        match item:
            case StartReply(question=question, configuration=configuration):
                self.kept[question.chat_id] = configuration.chat_config.auto_save_history
                self.asked.add(question.chat_id)
            case SaveMessage(message):
                assert message.id not in self.messages, "a message is saved once"
                assert self.kept.get(message.chat_id, True), "nothing of a chat that is not to be kept is saved"
                self.messages[message.id] = message
            case TrimMessage(message_id, heard):
                assert message_id not in self.trimmed
                assert self.messages[message_id].content.startswith(heard)
                self.trimmed.add(message_id)
            case SaveChat(chat):
                assert self.kept.get(chat.id, True)
                self.states[chat.id] = chat.status
            case Send(event):
                self._take_event(event)
            case _:
                pass

    def _take_event(self, event: DownlinkEvent) -> None:
        match event.event_type, event.data:
            case "conversation.message.completed", Message() as message:
                if self.kept[message.chat_id]:
                    assert self.messages[message.id] == message, "what is told as completed was saved before"
                assert message.chat_id in self.asked
            case "conversation.chat.created", Chat() as chat:
                self.created.add(chat.id)
            case event_type, Chat() as chat if event_type in ENDS and self.kept.get(chat.id, False):
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


@dataclass
class Listening:
    """What the client is told of the user's speech, and when the input format changes."""

    speaking: bool = False
    transcript: str | None = None

    def take(self, item: Item) -> None:
        match item:
            case Send(DownlinkEvent("input_audio_buffer.speech_started")):
                assert not self.speaking
                self.speaking = True
            case Send(DownlinkEvent("input_audio_buffer.speech_stopped")):
                assert self.speaking
                self.speaking = False
            case Send(DownlinkEvent("conversation.audio_transcript.completed", Transcript(content))):
                assert content.strip()
                self.transcript = content
            case Send(DownlinkEvent("conversation.audio_transcript.update", Transcript(content))):
                assert content.strip()
            case UseInputFormat():
                assert not self.speaking, "the input format changes between buffers"
            case _:
                pass


def check_pacing(talk: Simulation) -> None:
    """With limit_config never more packets than allowed in any window of its period."""
    sent: list[float] = []
    limit = None
    for at, item in talk.history:
        match item:
            case Speak(configuration=configuration):
                if limit_of(configuration.output_audio) != limit:
                    limit, sent = limit_of(configuration.output_audio), []
            case Send(DownlinkEvent("conversation.audio.delta")) if limit is not None:
                sent.append(at)
                assert sum(time + limit.period > at for time in sent) <= limit.max_frame_num
            case _:
                pass
