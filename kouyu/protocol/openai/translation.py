"""Translates between OpenAI's Realtime protocol and the conversation core, in both directions.

Pure: no clock and no IO. ``read`` takes an event of the client and returns what to answer at once and what to ask of
the core; ``tell`` takes an event of the core and returns what to send. Both share a state, so the order of their calls
must be the order in which the events are taken in and sent.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import assert_never

import msgspec

from kouyu.domain import events as core
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import ProtocolError
from kouyu.domain.requests import ClearBuffer, CompleteBuffer
from kouyu.protocol.openai import client_events as client
from kouyu.protocol.openai import server_events as events
from kouyu.protocol.openai.conversation_items import CONVERSATION_PREFIX, ConversationItems
from kouyu.protocol.openai.faults import detail_of, refusal
from kouyu.protocol.openai.item_requests import ItemRequests
from kouyu.protocol.openai.items import Item, Part
from kouyu.protocol.openai.open_response import NewId
from kouyu.protocol.openai.reads import Read
from kouyu.protocol.openai.responses import Responses
from kouyu.protocol.openai.responses_apart import ResponsesApart
from kouyu.protocol.openai.server_events import ServerEvent
from kouyu.protocol.openai.session_object import output_object, session_object
from kouyu.protocol.openai.session_settings import SessionSettings, updated
from kouyu.protocol.openai.user_speech import UserSpeech
from kouyu.protocol.wire import Prepared

_OfResponse = (
    core.ChatBegan
    | core.AnswerDelta
    | core.SentenceBegan
    | core.SpeechDelta
    | core.SpeechPaused
    | core.SpeechCompleted
    | core.ActionRequired
    | core.ChatCompleted
    | core.ChatFailed
    | core.OutputInterrupted
)
_OfTurn = (
    core.SpeechStarted
    | core.SpeechStopped
    | core.BufferCompleted
    | core.BufferCleared
    | core.TranscriptCompleted
    | core.SpeechDropped
    | core.IdleTimedOut
    | _OfResponse
)


class Translation:
    """The translation of one session."""

    def __init__(self, settings: SessionSettings, new_id: NewId) -> None:
        """``settings``: those with which the session begins, for which the core is asked at once."""
        self.settings = settings
        self._voice_id = ""
        """The voice in force."""
        self._has_begun = False
        self._session_id = new_id("sess")
        self._new_id = new_id
        self._origins = count(1)
        self._items = ConversationItems()
        self._apart = ResponsesApart(new_id)
        self._responses = Responses(self._items, self._apart, new_id)
        self._item_requests = ItemRequests(self._items, self._responses, new_id=new_id, new_origin=self._new_origin)
        self._speech = UserSpeech(self._items, new_id)
        self._follow_settings()

    # The client's events

    def read(self, event: client.ClientEvent) -> Read:
        """Take in an event of the client. Audio, media, and asking the core for changed ``settings``, is left to the
        caller. A fault is an ``error`` event among the replies."""
        try:
            read = self._read(event)
        except ProtocolError as fault:
            return refused(fault, event.event_id)
        if read.then is None:
            return read
        return msgspec.structs.replace(read, then=partial(_carried_out, read.then, event.event_id))

    def _read(self, event: client.ClientEvent) -> Read:
        match event:
            case client.SessionUpdate():
                self.change(updated(self.settings, event.session))
                return Read()
            case client.AppendAudio():
                return Read()
            case client.CommitAudio():
                return Read(requests=(CompleteBuffer(answer=False),))
            case client.ClearAudio():
                return self._clear()
            case client.ClearOutput():
                return self._responses.cut_off()
            case client.CreateItem():
                return self._item_requests.create(event)
            case client.RetrieveItem():
                return self._item_requests.retrieve(event)
            case client.TruncateItem():
                return self._item_requests.truncate(event)
            case client.DeleteItem():
                return self._item_requests.delete(event)
            case client.CreateResponse():
                return self._responses.create(event, self._new_origin())
            case client.CancelResponse():
                return self._responses.cancel(event)
            case _:
                assert_never(event)

    def _clear(self) -> Read:
        """With turn detection an utterance in progress goes on: the buffer is the server's, and is cleared by it."""
        if self.settings.turn_detection is None:
            return Read(requests=(ClearBuffer(),))
        return Read((events.BufferCleared(),))

    # The core's events

    def tell(self, event: core.Event) -> list[ServerEvent]:
        """What to send for an event of the core."""
        return list(self._tell(event))

    def _tell(self, event: core.Event) -> Iterator[ServerEvent]:
        if self._apart.takes(event):
            yield from self._apart.tell(event)
            return
        match event:
            case core.Configured(configuration=configuration):
                yield from self._tell_of_session(configuration)
            case core.RequestRefused():
                yield from self._tell_of_refusal(event)
            case core.MessageWritten():
                yield from self._item_requests.on_written(event)
            case core.MessageRemoved() | core.AnswerCut():
                yield from self._item_requests.on_carried_out(event)
            case core.MessageCompleted():
                yield from self._tell_of_message(event)
            case core.Connected() | core.Resumed() | core.SectionCleared():
                pass
            case core.ChatInProgress() | core.TranscriptChanged() | core.ChatCancelled():
                pass
            case _:
                yield from self._tell_of_turn(event)

    def _tell_of_turn(self, event: _OfTurn) -> Iterator[ServerEvent]:
        match event:
            case core.SpeechStarted(at, message_id):
                yield from self._speech.start(at, message_id)
            case core.SpeechStopped(at, message_id):
                yield from self._speech.stop(at, message_id)
            case core.BufferCompleted(message_id):
                yield from self._speech.complete(message_id)
            case core.BufferCleared():
                yield events.BufferCleared()
            case core.TranscriptCompleted(transcript, message_id, duration_ms):
                yield from self._speech.transcribe(transcript.content, message_id, duration_ms)
            case core.SpeechDropped(message_id, failure):
                yield from self._speech.drop(message_id, failure)
            case core.IdleTimedOut(start, end, message_id):
                yield from self._speech.time_out(start, end, message_id)
            case _:
                yield from self._tell_of_response(event)

    def _tell_of_response(self, event: _OfResponse) -> Iterator[ServerEvent]:
        responses = self._responses
        match event:
            case core.ChatBegan():
                yield from responses.on_chat_began(event)
            case core.AnswerDelta():
                yield from responses.on_text(event)
            case core.SentenceBegan():
                yield from responses.on_sentence(event)
            case core.SpeechDelta():
                yield from responses.on_speech(event)
            case core.SpeechPaused():
                yield from responses.on_speech_paused(event)
            case core.SpeechCompleted():
                yield from responses.on_speech_completed(event)
            case core.ActionRequired():
                yield from responses.on_action_required(event)
            case core.ChatCompleted():
                yield from responses.on_chat_completed(event)
            case core.ChatFailed():
                yield from responses.on_chat_failed(event)
            case core.OutputInterrupted():
                yield from responses.on_interrupted(event)
            case _:
                assert_never(event)

    def _tell_of_session(self, configuration: Configuration) -> Iterator[ServerEvent]:
        """What is in force. The first time it is what the session begins with."""
        self._voice_id = configuration.output_audio.voice_id or self._voice_id
        self._follow_settings()
        if self._has_begun:
            yield events.SessionUpdated(session=self._session())
            return
        self._has_begun = True
        self._items.conversation_id = f"{CONVERSATION_PREFIX}{configuration.chat_config.conversation_id}"
        yield events.SessionCreated(session=self._session())
        yield events.ConversationCreated(conversation=events.ConversationObject(id=self._items.conversation_id))

    def _tell_of_message(self, event: core.MessageCompleted) -> Iterator[ServerEvent]:
        message = event.message
        if message.type == "function_call":
            self._responses.on_call(message.id, event.tool_call_id)
        elif message.type == "question" and not self._speech.question_is(message.id):
            part = Part(type="input_text", text=message.content)
            item = Item(id=self._new_id("item"), type="message", role="user", content=(part,))
            before = self._items.append(item, message.id)
            yield events.ItemAdded(previous_item_id=before, item=item)
            yield events.ItemDone(previous_item_id=before, item=item)

    def _tell_of_refusal(self, event: core.RequestRefused) -> Iterator[ServerEvent]:
        if event.origin is not None and self._responses.asked_for(event.origin):
            yield from self._responses.on_refused(event)
        elif self._apart.asked_for(event.origin):
            yield from self._apart.refuse(event)
        else:
            yield events.error(refusal(event.code, event.msg, event.field, event.origin))

    # Parts

    def change(self, settings: SessionSettings) -> None:
        """Set the settings, for which the caller asks the core."""
        self.settings = settings
        self._follow_settings()

    def _follow_settings(self) -> None:
        self._responses.settings = self.settings
        self._item_requests.audio_format = self.settings.input_format
        self._responses.output = self._apart.output = output_object(self.settings, self._voice_id)
        self._speech.transcribes = self.settings.transcribes

    def _new_origin(self) -> str:
        return f"request {next(self._origins)}"

    def _session(self) -> dict[str, object]:
        return session_object(self.settings, session_id=self._session_id, voice_id=self._voice_id)


def _carried_out(
    then: Callable[[Sequence[Prepared]], Read], event_id: str | None, prepared: Sequence[Prepared]
) -> Read:
    try:
        return then(prepared)
    except ProtocolError as fault:
        return refused(fault, event_id)


def refused(fault: ProtocolError, event_id: str | None) -> Read:
    """The answer to an event of the client that is at fault."""
    return Read((events.error(detail_of(fault, event_id)),))
