"""The responses of a session: which one is in progress, which are asked for, and the calls that wait for outputs.

A chat that asks for the client's tools is a response that is complete with its calls; the outputs come as items, and
the next ``response.create`` lets the same chat go on as another response. An announcement is a response of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from kouyu.domain import events as core
from kouyu.domain.chats import Chat, RequiredAction, Usage
from kouyu.domain.errors import INTERNAL
from kouyu.domain.ids import NO_ID
from kouyu.domain.requests import AnswerNow, CancelOutput, SubmitOutputs
from kouyu.domain.tool_calls import ToolCall, ToolOutput
from kouyu.protocol.openai import server_events as events
from kouyu.protocol.openai.client_events import CancelResponse, CreateResponse
from kouyu.protocol.openai.conversation_items import ConversationItems
from kouyu.protocol.openai.faults import ACTIVE_RESPONSE, NO_ACTIVE_RESPONSE, RefusedEvent, detail_of
from kouyu.protocol.openai.inline_media import InlineMedia
from kouyu.protocol.openai.open_response import ANSWER_FAILED, CancelReason, NewId, OpenResponse
from kouyu.protocol.openai.reads import Read
from kouyu.protocol.openai.response_options import ResponseOptions, read_options, session_options
from kouyu.protocol.openai.responses_apart import ResponsesApart
from kouyu.protocol.openai.server_events import ServerEvent
from kouyu.protocol.openai.session_settings import SessionSettings
from kouyu.protocol.wire import Prepared


@dataclass(slots=True)
class _AwaitedOutputs:
    """The calls for whose outputs a chat waits. ``wanted``: the client has asked for the answer before the last one."""

    chat_id: str
    calls: tuple[ToolCall, ...]
    outputs: dict[str, ToolOutput] = field(default_factory=dict)
    wanted: ResponseOptions | None = None

    @property
    def are_complete(self) -> bool:
        return len(self.outputs) == len(self.calls)


class _Asked(msgspec.Struct, frozen=True):
    """An answer that a client has asked for."""

    options: ResponseOptions
    event_id: str | None
    is_cancelled: bool = False
    """Whether the client has cancelled it before it began."""


class Responses:
    """The responses of one session. At most one of the conversation is in progress."""

    def __init__(self, items: ConversationItems, apart: ResponsesApart, new_id: NewId) -> None:
        self._items = items
        self._apart = apart
        self._new_id = new_id
        self._open: OpenResponse | None = None
        self._asked: dict[str, _Asked] = {}
        """The answers asked for that have not begun, by the origins of their requests."""
        self._awaited: _AwaitedOutputs | None = None
        self._submitted = ("", NO_ID)
        """The origin of the last SubmitOutputs, and its chat."""
        self._call_messages: dict[str, str] = {}
        """The messages of the running chat's calls, by the ids of the calls."""
        self._ending: Usage | None = None
        """The usage of a response that is over as soon as its audio has been sent."""
        self._spent = Usage()
        """What the running chat has used in the responses before."""
        self._sent_ms = 0.0
        """The audio of the running chat."""
        self._offset_ms = 0.0
        """How much of it was in the responses before."""
        self.settings = SessionSettings()
        self.output: dict[str, Any] = {}
        """Format and voice of the output in force."""

    # What the client asks for

    def create(self, event: CreateResponse, origin: str, prepared: Sequence[Prepared] | None = None) -> Read:
        """Read a ``response.create``; ``prepared`` is what has become of media in its input. Raises ProtocolError."""
        if self.settings.type == "transcription":
            raise RefusedEvent("invalid_value", "a session of type transcription makes no responses", "type")
        media = InlineMedia(self.settings.input_format, prepared)
        options = read_options(event.response, self.settings, self._items, media)
        if media.found:
            return Read(media=tuple(media.found), then=partial(self.create, event, origin))
        if options.is_apart:
            return Read(requests=(self._apart.create(options, event.event_id, origin),))
        awaited = self._awaited
        if self._open is not None or self._asked or (awaited is not None and awaited.wanted is not None):
            raise _is_active_already(self._open)
        if awaited is not None and awaited.outputs and options.answer.is_about_the_section:
            awaited.wanted = options
            return self._submit(awaited, origin) if awaited.are_complete else Read()
        self._asked[origin] = _Asked(options, event.event_id)
        answer_now = AnswerNow(options=options.answer, origin=origin)
        return Read(requests=(answer_now,) if awaited is None else (CancelOutput(), answer_now))

    def cancel(self, event: CancelResponse) -> Read:
        """Read a ``response.cancel``, without an id of the conversation's response. Raises RefusedEvent if none is."""
        if event.response_id is not None and (apart := self._apart.cancel(event.response_id)) is not None:
            return Read(requests=(apart,))
        is_other = event.response_id is not None and (self._open is None or self._open.id != event.response_id)
        if is_other or not self._is_active:
            raise RefusedEvent(NO_ACTIVE_RESPONSE, "Cancellation failed: no active response found", "response_id")
        return self.cut_off()

    def cut_off(self) -> Read:
        """Stop the response of the conversation that is in progress, if there is one."""
        if not self._is_active:
            return Read()
        for origin, asked in self._asked.items():
            self._asked[origin] = msgspec.structs.replace(asked, is_cancelled=True)
        return Read(requests=(CancelOutput(),))

    def take_output(self, call_id: str, output: str, origin: str) -> Read | None:
        """Take the output of a call; None if no chat waits for it."""
        awaited = self._awaited
        if awaited is None or all(call.id != call_id for call in awaited.calls):
            return None
        awaited.outputs[call_id] = ToolOutput(tool_call_id=call_id, output=output)
        return self._submit(awaited, origin) if awaited.wanted is not None and awaited.are_complete else Read()

    @property
    def _is_active(self) -> bool:
        wanted = self._awaited is not None and self._awaited.wanted is not None
        return self._open is not None or bool(self._asked) or wanted

    def _submit(self, awaited: _AwaitedOutputs, origin: str) -> Read:
        options, self._awaited = awaited.wanted, None
        assert options is not None
        self._offset_ms = self._sent_ms
        self._submitted = (origin, awaited.chat_id)
        outputs = tuple(awaited.outputs[call.id] for call in awaited.calls)
        replies = tuple(self._begin(awaited.chat_id, options))
        answer = options.after_tools(self.settings)
        return Read(replies, (SubmitOutputs(chat_id=awaited.chat_id, outputs=outputs, options=answer, origin=origin),))

    # What the core tells

    def on_chat_began(self, event: core.ChatBegan) -> Iterator[ServerEvent]:
        """A chat began: a response."""
        yield from self._cancel("client_cancelled")
        asked = self._asked.pop(event.origin or "", None)
        options = session_options(self.settings) if asked is None else asked.options
        self._call_messages.clear()
        self._spent, self._sent_ms, self._offset_ms = Usage(), 0.0, 0.0
        yield from self._begin(event.chat.id, options)

    def on_text(self, event: core.AnswerDelta) -> Iterator[ServerEvent]:
        """The next characters of an answer. Reasoning has no event."""
        message = event.message
        if message.content and (response := self._response_of(message.chat_id)) is not None:
            yield from response.write(message.id, message.content, self._offset_ms)

    def on_sentence(self, event: core.SentenceBegan) -> Iterator[ServerEvent]:
        """A sentence begins. Those of an announcement are all that tells of it; an answer's text was sent before."""
        if event.message.chat_id != NO_ID:
            return
        if self._open is None or self._open.chat_id != NO_ID:
            yield from self._cancel("client_cancelled")
            yield from self._begin(NO_ID, session_options(self.settings))
        assert self._open is not None
        yield from self._open.write_sentence(event.text)

    def on_speech(self, event: core.SpeechDelta) -> Iterator[ServerEvent]:
        """The next audio."""
        message = event.message
        if (response := self._response_of(message.chat_id)) is not None:
            self._sent_ms += event.duration_ms
            yield from response.speak(message.id, event.audio, self._offset_ms)

    def on_speech_paused(self, event: core.SpeechPaused) -> Iterator[ServerEvent]:
        """All audio before the client's tools has been sent: the response with their calls is over."""
        if self._ending is not None and (response := self._response_of(event.message.chat_id)) is not None:
            usage, self._ending = self._ending, None
            yield from response.end_message()
            yield from self._complete(response, usage)

    def on_speech_completed(self, event: core.SpeechCompleted) -> Iterator[ServerEvent]:
        """All audio of an answer or of an announcement has been sent."""
        if (response := self._response_of(event.message.chat_id)) is not None:
            yield from response.end_audio()
            if response.chat_id == NO_ID:
                yield from self._complete(response, Usage())

    def on_call(self, message_id: str, call_id: str) -> None:
        """Note the message of a call."""
        self._call_messages[call_id] = message_id

    def on_action_required(self, event: core.ActionRequired) -> Iterator[ServerEvent]:
        """The chat waits for the client's tools."""
        chat, action = event.chat, event.chat.required_action
        if (response := self._response_of(chat.id)) is None or not isinstance(action, RequiredAction):
            return
        calls = action.submit_tool_outputs.tool_calls
        self._awaited = _AwaitedOutputs(chat.id, calls)
        if not response.speaks:
            yield from response.end_message()
        for call in calls:
            yield from response.call(call, self._call_messages.get(call.id, NO_ID))
        usage = self._spent_since(chat)
        if response.speaks:
            self._ending = usage
        else:
            yield from self._complete(response, usage)

    def on_chat_completed(self, event: core.ChatCompleted) -> Iterator[ServerEvent]:
        """The chat is over."""
        if (response := self._response_of(event.chat.id)) is not None:
            yield from self._complete(response, self._spent_since(event.chat), is_cut=bool(event.cut))

    def on_chat_failed(self, event: core.ChatFailed) -> Iterator[ServerEvent]:
        """The chat failed, perhaps while it waited for outputs."""
        yield from self._begin_wanted()
        self._awaited = None
        if (response := self._response_of(event.chat.id)) is not None:
            fault = event.chat.last_error
            msg = fault.msg if isinstance(fault, msgspec.Struct) else ANSWER_FAILED
            self._close()
            yield from response.fail(msg, self._spent_since(event.chat))

    def on_interrupted(self, event: core.OutputInterrupted) -> Iterator[ServerEvent]:
        """The output ends here. Of a response that is over, the client drops what it has not played."""
        yield from self._begin_wanted()
        self._awaited = None
        yield from self._cancel("turn_detected" if event.reason == "speech" else "client_cancelled")

    def asked_for(self, origin: str) -> bool:
        """Whether a request with this origin was made for a response."""
        return origin in self._asked or origin == self._submitted[0]

    def on_refused(self, event: core.RequestRefused) -> Iterator[ServerEvent]:
        """An answer asked for will not come: a response that a client asked for is shown nevertheless, unless another
        one is in progress, which goes on."""
        asked = self._asked.pop(event.origin or "", None)
        if asked is not None and self._open is not None:
            yield events.error(detail_of(_is_active_already(self._open), asked.event_id))
            return
        if asked is not None:
            yield from self._begin(NO_ID, asked.options)
        response = self._open if asked is not None else self._response_of(self._submitted[1])
        if response is None:
            return
        self._close()
        if event.code >= INTERNAL or asked is None:
            yield from response.fail(event.msg, Usage())
        else:
            yield from response.cancel("client_cancelled" if asked.is_cancelled else "turn_detected")

    # Parts

    def _response_of(self, chat_id: str) -> OpenResponse | None:
        return self._open if self._open is not None and self._open.chat_id == chat_id else None

    def _begin(self, chat_id: str, options: ResponseOptions) -> Iterator[ServerEvent]:
        self._open = OpenResponse(
            options=options, output=self.output, chat_id=chat_id, items=self._items, new_id=self._new_id
        )
        yield from self._open.begin()

    def _begin_wanted(self) -> Iterator[ServerEvent]:
        """Show the response that a client asked for while outputs were missing, before it ends."""
        awaited = self._awaited
        if awaited is not None and awaited.wanted is not None and self._open is None:
            yield from self._begin(awaited.chat_id, awaited.wanted)

    def _complete(self, response: OpenResponse, usage: Usage, *, is_cut: bool = False) -> Iterator[ServerEvent]:
        self._close()
        yield from response.complete(usage, is_cut=is_cut)

    def _cancel(self, reason: CancelReason) -> Iterator[ServerEvent]:
        if (response := self._open) is not None:
            self._close()
            yield from response.cancel(reason)

    def _close(self) -> None:
        self._open = None
        self._ending = None

    def _spent_since(self, chat: Chat) -> Usage:
        """What a chat has used since its last response."""
        before, self._spent = self._spent, chat.usage
        return Usage(
            token_count=max(0, chat.usage.token_count - before.token_count),
            output_count=max(0, chat.usage.output_count - before.output_count),
            input_count=max(0, chat.usage.input_count - before.input_count),
        )


def _is_active_already(response: OpenResponse | None) -> RefusedEvent:
    named = f": {response.id}" if response is not None else ""
    return RefusedEvent(ACTIVE_RESPONSE, f"Conversation already has an active response in progress{named}.")
