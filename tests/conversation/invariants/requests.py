"""What must hold of the answers to requests, and of the ids of what the user says."""

from dataclasses import dataclass, field

from kouyu.conversation.effects import Send
from kouyu.domain.events import (
    AnswerCut,
    ChatBegan,
    Event,
    MessageRemoved,
    MessageWritten,
    RequestRefused,
    SpeechDropped,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    TranscriptCompleted,
)
from kouyu.domain.ids import NO_ID
from kouyu.domain.requests import AnswerNow, RemoveMessage, ReportPlayback, WriteMessage
from tests.conversation.simulation import Item


@dataclass
class Requests:
    """Each request with an origin is answered once, by the event that is its own or by a refusal."""

    made: dict[str, AnswerNow | WriteMessage | RemoveMessage | ReportPlayback] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def take(self, item: Item) -> None:
        match item:
            case AnswerNow(origin=str(origin)) | RemoveMessage(origin=str(origin)) | ReportPlayback(origin=str(origin)):
                self.made[origin] = item
            case WriteMessage(origin=str(origin), answer=False):
                self.made[origin] = item
            case Send(event):
                self._take_event(event)
            case _:
                pass

    def _take_event(self, event: Event) -> None:
        origin = getattr(event, "origin", None)
        if origin not in self.made:
            return
        assert origin not in self.answered, "a request is answered once"
        self.answered.add(origin)
        match self.made[origin], event:
            case (
                (AnswerNow(), ChatBegan() | RequestRefused())
                | (WriteMessage(), MessageWritten())
                | (RemoveMessage(), MessageRemoved())
                | (ReportPlayback(), AnswerCut())
            ):
                pass
            case request, other:
                raise AssertionError(f"{request} was answered by {other}")

    @property
    def unanswered(self) -> set[str]:
        """The origins of the requests that wait for an answer."""
        return set(self.made) - self.answered


@dataclass
class SpeechIds:
    """What is told of an utterance has one id; each SpeechStarted has its SpeechStopped, and then exactly one of a
    transcript and SpeechDropped."""

    speaking: str | None = None
    open: set[str] = field(default_factory=set)
    """Utterances that were told of, and have no transcript yet."""
    transcribed: set[str] = field(default_factory=set)

    def take(self, item: Item) -> None:
        if isinstance(item, Send):
            self._take_event(item.event)

    def _take_event(self, event: Event) -> None:
        match event:
            case SpeechStarted(_, message_id):
                assert message_id not in (NO_ID, "")
                assert message_id not in self.open | self.transcribed, "each utterance has an id of its own"
                self.speaking = message_id
                self.open.add(message_id)
            case SpeechStopped(_, message_id):
                assert message_id == self.speaking
                self.speaking = None
            case TranscriptChanged(_, message_id):
                assert message_id not in (NO_ID, "", *self.transcribed)
            case TranscriptCompleted(message_id=message_id):
                assert message_id not in (NO_ID, "", *self.transcribed)
                self.transcribed.add(message_id)
                self.open.discard(message_id)
            case SpeechDropped(message_id=message_id):
                assert message_id not in (NO_ID, "", *self.transcribed)
                self.open.discard(message_id)
            case _:
                pass
