"""What must hold of the orders to engines."""

from dataclasses import dataclass, field

from kouyu.conversation.effects import (
    CancelJudgement,
    CancelReply,
    CancelSpeech,
    CancelTranscribe,
    ForgetAudio,
    JudgeTurn,
    Speak,
    StartReply,
    Transcribe,
)
from kouyu.conversation.inputs import (
    AudioReceived,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    SpeechFailed,
    SpeechFinished,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from tests.conversation.simulation import Item, Sent

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


@dataclass
class Orders:
    """Orders to engines: numbered uniquely, cancelled only while they run, spans of audio that there is."""

    under_way: dict[int, Order] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    received: int = 0
    forgotten: int = 0
    utterance: Transcribe | None = None

    def take(self, item: Item | Sent) -> None:
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
