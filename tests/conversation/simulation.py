"""A conversation in virtual time: a scripted user, and engines that take the time one gives them.

Nothing here waits: thirty seconds of talk take microseconds, and always in the same order.
"""

import heapq
import itertools
from dataclasses import dataclass, field
from typing import Any

from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.conversation import Conversation
from kouyu.conversation.effects import (
    CancelReply,
    CancelSpeech,
    CancelTranscribe,
    Effect,
    Send,
    Speak,
    StartReply,
    Transcribe,
)
from kouyu.conversation.inputs import (
    LISTENING_RATE,
    AudioReceived,
    ConfigurationUpdate,
    Input,
    ReplyDelta,
    ReplyFinished,
    SpeechAudio,
    SpeechFinished,
    SpeechProbability,
    TimePassed,
    TranscriptReady,
)
from kouyu.conversation.limits import Limits
from kouyu.conversation.orders import Identity
from kouyu.protocol.downlink import DownlinkEvent
from kouyu.protocol.ids import IdFactory
from kouyu.protocol.uplink import (
    ConversationChatCancel,
    ConversationMessageCreate,
    InputAudioBufferComplete,
)

CHUNK = 512
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


@dataclass
class Simulation:
    """The core with its clock, its engines and a user in front of it."""

    engines: Engines = field(default_factory=Engines)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        identity = Identity(ids=IdFactory(), bot_id="kouyu", epoch=EPOCH)
        self.conversation = Conversation(identity=identity, capabilities=CAPABILITIES, limits=self.limits)
        self.now = 0.0
        self.effects: list[tuple[float, Effect]] = []
        self.cancelled: set[int] = set()
        self._position = 0
        self._count = itertools.count()
        self._queue: list[tuple[float, int, Input]] = []
        self._take(self.conversation.start())

    # What the user does

    def configure(self, **data: Any) -> None:
        """Send a chat.update."""
        self.give(ConfigurationUpdate(data=data))

    def free_talk(self, **turn_detection: Any) -> None:
        """Switch to server_vad."""
        self.configure(turn_detection={"type": "server_vad", **turn_detection})

    def speak(self, ms: int) -> None:
        """The user speaks, in real time."""
        self._audio(ms, 0.95)

    def silence(self, ms: int) -> None:
        """The user's microphone is open and silent, in real time."""
        self._audio(ms, 0.02)

    def wait(self, seconds: float) -> None:
        """Nothing comes from the user."""
        self._run_until(self.now + seconds)

    def complete(self) -> None:
        """The push-to-talk button is released."""
        self.give(InputAudioBufferComplete())

    def cancel(self) -> None:
        """conversation.chat.cancel."""
        self.give(ConversationChatCancel())

    def write(self, text: str) -> None:
        """A typed question."""
        self.give(ConversationMessageCreate(role="user", content_type="text", content=text))

    def give(self, received: Input) -> None:
        """Hand an input to the core at this moment."""
        self._take(self.conversation.receive(received, self.now))

    # What came of it

    @property
    def events(self) -> list[DownlinkEvent]:
        """All that was sent."""
        return [effect.event for _, effect in self.effects if isinstance(effect, Send)]

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
        return next(
            at for at, effect in self.effects if isinstance(effect, Send) and effect.event.event_type == event_type
        )

    # The clockwork

    def _audio(self, ms: int, probability: float) -> None:
        end = self._position + ms * LISTENING_RATE // 1000
        while self._position + CHUNK <= end:
            self._run_until(self.now + CHUNK / LISTENING_RATE)
            self._position += CHUNK
            self.give(AudioReceived(self._position))
            self.give(SpeechProbability(self._position, probability))

    def _run_until(self, until: float) -> None:
        while True:
            deadline = self.conversation.deadline(self.now)
            at = min(self._queue[0][0] if self._queue else until, until if deadline is None else deadline, until)
            self.now = max(self.now, at)
            if self._queue and self._queue[0][0] <= self.now:
                self.give(heapq.heappop(self._queue)[2])
            elif deadline is not None and deadline <= self.now:
                self.give(TimePassed())
                again = self.conversation.deadline(self.now)
                assert again is None or again > self.now, "a deadline that has come must lead somewhere"
            elif self.now >= until:
                return

    def _later(self, delay_s: float, received: Input) -> None:
        heapq.heappush(self._queue, (self.now + delay_s, next(self._count), received))

    def _take(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.effects.append((self.now, effect))
            match effect:
                case Transcribe(order) if self.engines.transcription_s is not None:
                    self._later(self.engines.transcription_s, TranscriptReady(order, self.engines.transcript, "en"))
                case StartReply(order) if self.engines.first_delta_s is not None:
                    self._reply(order, self.engines.first_delta_s)
                case Speak(order) if self.engines.synthesis_s is not None:
                    self._synthesise(order, self.engines.synthesis_s)
                case CancelTranscribe(order) | CancelReply(order) | CancelSpeech(order):
                    self.cancelled.add(order)
                case _:
                    pass

    def _reply(self, order: int, first_delta_s: float) -> None:
        for index, delta in enumerate(self.engines.deltas):
            self._later(first_delta_s + index * self.engines.delta_s, ReplyDelta(order, delta))
        whole = first_delta_s + len(self.engines.deltas) * self.engines.delta_s
        self._later(whole, ReplyFinished(order, 17, 28))

    def _synthesise(self, order: int, synthesis_s: float) -> None:
        for index in range(self.engines.packets_per_sentence):
            self._later(synthesis_s + index * 0.01, SpeechAudio(order, b"\0\0" * 10, self.engines.packet_ms))
        self._later(synthesis_s + self.engines.packets_per_sentence * 0.01, SpeechFinished(order))
