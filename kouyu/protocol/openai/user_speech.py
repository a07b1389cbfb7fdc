"""What the user says, as items: from the first speech to the transcript."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kouyu.domain.ids import NO_ID
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.protocol.openai import server_events as events
from kouyu.protocol.openai.conversation_items import ConversationItems
from kouyu.protocol.openai.items import spoken_question
from kouyu.protocol.openai.open_response import NewId
from kouyu.protocol.openai.server_events import DurationUsage, ServerEvent


@dataclass(slots=True)
class _Utterance:
    item_id: str
    message_id: str
    is_committed: bool = False
    dropped: str | None = None
    """Why there will be no transcript, "" for no failure; None: there may be one."""


class UserSpeech:
    """The utterances without a transcript so far, oldest first. An utterance gets its id as an item at its start."""

    def __init__(self, items: ConversationItems, new_id: NewId) -> None:
        self._items = items
        self._new_id = new_id
        self._open: list[_Utterance] = []
        self._transcribed: _Utterance | None = None
        """The last one whose transcript has come: the next question is that one."""
        self.transcribes = False
        """Whether the client gets transcripts."""

    def start(self, at: int, message_id: str) -> Iterator[ServerEvent]:
        """An utterance began at this sample."""
        utterance = self._new(message_id)
        yield events.SpeechStarted(audio_start_ms=_ms(at), item_id=utterance.item_id)

    def stop(self, at: int, message_id: str) -> Iterator[ServerEvent]:
        """The end of an utterance was found at this sample: it becomes an item."""
        started = [utterance for utterance in self._open if not utterance.is_committed]
        utterance = _named(started, message_id) or (started[-1] if started else self._new(message_id))
        yield events.SpeechStopped(audio_end_ms=_ms(at), item_id=utterance.item_id)
        yield from self._commit(utterance)

    def complete(self, message_id: str) -> Iterator[ServerEvent]:
        """The client has committed an utterance; NO_ID: without any audio, so that no transcript comes."""
        utterance = self._new(message_id)
        if message_id == NO_ID:
            utterance.dropped = ""
        yield from self._commit(utterance)

    def time_out(self, start: int, end: int, message_id: str) -> Iterator[ServerEvent]:
        """Nobody has spoken: the silence becomes an item."""
        utterance = self._new(message_id)
        yield events.TimeoutTriggered(audio_start_ms=_ms(start), audio_end_ms=_ms(end), item_id=utterance.item_id)
        utterance.dropped = ""
        yield from self._commit(utterance)

    def transcribe(self, text: str, message_id: str, duration_ms: int) -> Iterator[ServerEvent]:
        """The transcript of an utterance has come."""
        utterance = self._waiting(message_id)
        if utterance is None:
            return
        self._open.remove(utterance)
        self._transcribed = utterance
        self._items.transcribe(utterance.item_id, text)
        if not self.transcribes:
            return
        if text:
            yield events.TranscriptionDelta(item_id=utterance.item_id, delta=text)
        yield _completed(utterance, text, duration_ms / 1000)

    def drop(self, message_id: str, failure: str) -> Iterator[ServerEvent]:
        """No transcript of an utterance will come; ``failure`` says why, or is ""."""
        utterance = self._waiting(message_id)
        if utterance is None:
            return
        utterance.dropped = failure
        if utterance.is_committed:
            yield from self._give_up(utterance)

    def question_is(self, message_id: str) -> bool:
        """Note the message that the transcript before it became; False if none came that has no message yet."""
        utterance, self._transcribed = self._transcribed, None
        if utterance is None:
            return False
        self._items.stands_for(utterance.item_id, message_id)
        return True

    def _new(self, message_id: str) -> _Utterance:
        utterance = _Utterance(self._new_id("item"), message_id)
        self._open.append(utterance)
        return utterance

    def _commit(self, utterance: _Utterance) -> Iterator[ServerEvent]:
        utterance.is_committed = True
        item = spoken_question(utterance.item_id, None)
        before = self._items.append(item, utterance.message_id)
        yield events.BufferCommitted(previous_item_id=before, item_id=item.id)
        yield events.ItemAdded(previous_item_id=before, item=item)
        yield events.ItemDone(previous_item_id=before, item=item)
        if utterance.dropped is not None:
            yield from self._give_up(utterance)

    def _give_up(self, utterance: _Utterance) -> Iterator[ServerEvent]:
        self._open.remove(utterance)
        self._items.transcribe(utterance.item_id, "")
        if not self.transcribes:
            return
        if utterance.dropped:
            yield events.TranscriptionFailed(
                item_id=utterance.item_id, error=events.TranscriptionError(message=utterance.dropped)
            )
        else:
            yield _completed(utterance, "", 0.0)

    def _waiting(self, message_id: str) -> _Utterance | None:
        """The utterance of this message; the oldest one, if which it is is not known."""
        if (named := _named(self._open, message_id)) is not None:
            return named
        anonymous = (one for one in self._open if NO_ID in (message_id, one.message_id))
        return next(anonymous, None)


def _named(utterances: list[_Utterance], message_id: str) -> _Utterance | None:
    if message_id == NO_ID:
        return None
    return next((utterance for utterance in utterances if utterance.message_id == message_id), None)


def _completed(utterance: _Utterance, text: str, seconds: float) -> ServerEvent:
    usage = DurationUsage(seconds=round(seconds, 3))
    return events.TranscriptionCompleted(item_id=utterance.item_id, transcript=text, usage=usage)


_PER_MS: Final = SPEECH_RATE // 1000


def _ms(at: int) -> int:
    return at // _PER_MS
