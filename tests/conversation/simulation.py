"""A conversation in virtual time: a scripted user, and engines that take the time one gives them.

Nothing here waits: thirty seconds of talk take microseconds, and always in the same order.
"""

import heapq
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.conversation import Conversation
from kouyu.conversation.effects import (
    CancelJudgement,
    CancelReply,
    CancelSpeech,
    CancelTranscribe,
    Effect,
    FlushPlayback,
    JudgeTurn,
    Send,
    Speak,
    StartReply,
    Transcribe,
)
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import (
    AudioReceived,
    ClientJoined,
    ConfigurationUpdate,
    Input,
    NotOpened,
    OpenedConversation,
    PacketGone,
    ReplyDelta,
    ReplyFinished,
    SpeechAudio,
    SpeechFinished,
    SpeechProbability,
    TimePassed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.conversation.limits import Limits
from kouyu.domain.ids import IdFactory
from kouyu.domain.requests import (
    CancelOutput,
    CompleteBuffer,
    WriteMessage,
)
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.protocol.coze.chat_wire import WORDS, CozeWire
from kouyu.protocol.coze.downlink import DownlinkEvent
from kouyu.protocol.coze.translation import downlink_of
from kouyu.protocol.wire import Reconfigure, RequestedConfiguration

Report = tuple[float, Input]
Item = Input | Effect


@dataclass(frozen=True)
class Sent:
    """An event as it is sent to a client of Coze's."""

    event: DownlinkEvent


def as_sent(item: Item) -> Item | Sent | None:
    """A Send as a client of Coze's sees it, None if it sees nothing, as of an answer apart from the conversation;
    everything else as it is."""
    if not isinstance(item, Send):
        return item
    if item.apart:
        return None
    event = downlink_of(item.event)
    return Sent(event) if event is not None else None


CHUNK = 512
"""Samples that voice activity judges at once."""
EPOCH = 1_700_000_000.0
CAPABILITIES = Capabilities(voice_ids=("joe", "alpha"), default_voice_id="joe", prologue="Hello, I am here.")


@dataclass
class Engines:
    """How long the engines take, in seconds, and what they give. None: they never answer."""

    transcript: str = "What is the capital of France?"
    transcription_s: float | None = 0.15
    deltas: tuple[str, ...] = ("Paris is ", "the capital. ", "It lies ", "on the Seine.")
    first_delta_s: float | None = 0.1
    delta_s: float = 0.05
    synthesis_s: float | None = 0.1
    packet_ms: float = 200.0
    packets_per_sentence: int = 5
    judgement_s: float | None = 0.03
    completeness: float = 0.9
    leaving_s: float = 0.0
    """How long a packet waits before it leaves."""

    def reports(self, order: Effect) -> Iterator[Report]:
        """What comes of an order, and after how many seconds. They come even when the order has been cancelled."""
        match order:
            case Transcribe(number) if self.transcription_s is not None:
                yield self.transcription_s, TranscriptReady(number, self.transcript, "en")
            case JudgeTurn(number) if self.judgement_s is not None:
                yield self.judgement_s, TurnJudged(number, self.completeness)
            case StartReply(number) if self.first_delta_s is not None:
                for index, delta in enumerate(self.deltas):
                    yield self.first_delta_s + index * self.delta_s, ReplyDelta(number, delta)
                yield self.first_delta_s + len(self.deltas) * self.delta_s, ReplyFinished(number, 17, 28)
            case Speak(number) if self.synthesis_s is not None:
                for index in range(self.packets_per_sentence):
                    packet = f"{number} {index}".encode()
                    yield self.synthesis_s + index * 0.01, SpeechAudio(number, packet, self.packet_ms)
                yield self.synthesis_s + self.packets_per_sentence * 0.01, SpeechFinished(number)
            case _:
                pass


@dataclass
class Simulation:
    """The core with its clock, its engines and a user in front of it."""

    engines: Engines = field(default_factory=Engines)
    limits: Limits = field(default_factory=Limits)
    capabilities: Capabilities = CAPABILITIES

    def __post_init__(self) -> None:
        identity = Identity(ids=IdFactory(), bot_id="kouyu", epoch=EPOCH)
        self.conversation = Conversation(identity=identity, capabilities=self.capabilities, limits=self.limits)
        self.now = 0.0
        self.history: list[tuple[float, Item]] = []
        """Everything that went in and came out, and when."""
        self.cancelled: set[int] = set()
        self.received = 0
        """Samples of the user's audio so far."""
        self._judged = 0
        self._next_judgement_at = 0.0
        self._count = itertools.count()
        self._queue: list[tuple[float, bool, int, Input]] = []
        self._take(self.conversation.receive(ClientJoined(WORDS), self.now))

    # What the user does

    def configure(self, **data: Any) -> None:
        """Send a chat.update."""
        self.give(self.update(data))

    def update(
        self, data: dict[str, Any], conversation: OpenedConversation | NotOpened | None = None
    ) -> ConfigurationUpdate:
        """A chat.update that has been read, and what was found of the conversation that it names."""
        read = self.read(data)
        return ConfigurationUpdate(
            requested=read.configuration,
            options=read.options,
            faults=read.faults,
            conversation=conversation,
            origin="the update",
        )

    def read(self, data: dict[str, Any]) -> RequestedConfiguration:
        """What a chat.update requests."""
        (read,) = CozeWire("log").read(json.dumps({"event_type": "chat.update", "data": data}))
        assert isinstance(read, Reconfigure)
        return read.read(self.conversation.requested, self.conversation.check)

    def free_talk(self, **turn_detection: Any) -> None:
        """Switch to server_vad."""
        self.configure(turn_detection={"type": "server_vad", **turn_detection})

    def speak(self, ms: int) -> None:
        """The user speaks, in real time."""
        self._real_time(ms, 0.95)

    def silence(self, ms: int) -> None:
        """The user's microphone is open and silent, in real time."""
        self._real_time(ms, 0.02)

    def upload(self, ms: int, probability: float, *, chunk_s: float = 0.0) -> None:
        """Audio comes all at once; voice activity takes ``chunk_s`` for each chunk of it."""
        self._hear(ms * SPEECH_RATE // 1000, probability, chunk_s)

    def wait(self, seconds: float) -> None:
        """Nothing comes from the user."""
        self._run_until(self.now + seconds)

    def complete(self) -> None:
        """The push-to-talk button is released."""
        self.give(CompleteBuffer())

    def cancel(self) -> None:
        """conversation.chat.cancel."""
        self.give(CancelOutput())

    def write(self, text: str) -> None:
        """A typed question."""
        self.give(WriteMessage(role="user", content=text))

    def give(self, received: Input) -> None:
        """Hand an input to the core at this moment."""
        self.history.append((self.now, received))
        self._take(self.conversation.receive(received, self.now))

    # What came of it

    @property
    def effects(self) -> list[tuple[float, Effect]]:
        """Everything that came out, and when."""
        return [(at, item) for at, item in self.history if isinstance(item, Effect)]

    @property
    def events(self) -> list[DownlinkEvent]:
        """All that was sent, in Coze's terms."""
        return [event for _, event in self._sent()]

    @property
    def event_types(self) -> list[str]:
        """Their types."""
        return [event.event_type for event in self.events]

    def kinds(self) -> list[str]:
        """Their types, repetitions next to each other counted once."""
        return [kind for kind, _ in itertools.groupby(self.event_types)]

    def all(self, kind: type[Any]) -> list[Any]:
        """The effects of one kind."""
        return [effect for _, effect in self.effects if isinstance(effect, kind)]

    def time_of(self, event_type: str) -> float:
        """When an event of this type was first sent."""
        return next(at for at, event in self._sent() if event.event_type == event_type)

    def _sent(self) -> Iterator[tuple[float, DownlinkEvent]]:
        wire = CozeWire("log")
        for at, effect in self.effects:
            if isinstance(effect, Send):
                yield from ((at, event) for event in wire.told(effect.event))

    # The clockwork

    def _real_time(self, ms: int, probability: float) -> None:
        for _ in range(ms * SPEECH_RATE // 1000 // CHUNK):
            self._run_until(self.now + CHUNK / SPEECH_RATE)
            self._hear(CHUNK, probability, 0.0)

    def _hear(self, samples: int, probability: float, chunk_s: float) -> None:
        self.received += samples
        self.give(AudioReceived(self.received))
        while self._judged + CHUNK <= self.received:
            self._judged += CHUNK
            judgement = SpeechProbability(self._judged, probability)
            self._next_judgement_at = max(self._next_judgement_at, self.now) + chunk_s
            self._later(self._next_judgement_at, judgement)
        self._run_until(self.now)

    def _run_until(self, until: float) -> None:
        while True:
            deadline = self.conversation.deadline(self.now)
            at = min(self._queue[0][0] if self._queue else until, until if deadline is None else deadline, until)
            self.now = max(self.now, at)
            if self._queue and self._queue[0][0] <= self.now:
                self.give(heapq.heappop(self._queue)[-1])
            elif deadline is not None and deadline <= self.now:
                self.give(TimePassed())
                again = self.conversation.deadline(self.now)
                assert again is None or again > self.now, "a deadline that has come must lead somewhere"
            elif self.now >= until:
                return

    def _drop_packets(self) -> None:
        """What has not left does not leave any more."""
        for place, (at, takes_time, number, received) in enumerate(self._queue):
            if isinstance(received, PacketGone) and at > self.now:
                dropped = PacketGone(received.number, dropped=True)
                self._queue[place] = (self.now, takes_time, number, dropped)
        heapq.heapify(self._queue)

    def _later(self, at: float, received: Input) -> None:
        # What an engine gives at once comes before everything else of the same instant.
        takes_time = at > self.now or isinstance(received, SpeechProbability)
        heapq.heappush(self._queue, (at, takes_time, next(self._count), received))

    def _take(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.history.append((self.now, effect))
            if isinstance(effect, CancelTranscribe | CancelJudgement | CancelReply | CancelSpeech):
                self.cancelled.add(effect.order)
            if isinstance(effect, Send) and effect.packet is not None:
                self._later(self.now + self.engines.leaving_s, PacketGone(effect.packet))
            if isinstance(effect, FlushPlayback):
                self._drop_packets()
            for delay_s, report in self.engines.reports(effect):
                self._later(self.now + delay_s, report)
