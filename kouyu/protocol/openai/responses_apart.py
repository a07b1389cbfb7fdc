"""The responses apart from the conversation (``conversation: "none"``), several in progress at once."""

from collections.abc import Iterator
from typing import Any

import msgspec

from kouyu.domain import events as core
from kouyu.domain.chats import Chat, LastError, RequiredAction
from kouyu.domain.requests import AnswerNow, CancelAnswer
from kouyu.protocol.openai import server_events as events
from kouyu.protocol.openai.conversation_items import ConversationItems
from kouyu.protocol.openai.faults import TOO_MANY_RESPONSES, RefusedEvent, detail_of
from kouyu.protocol.openai.open_response import ANSWER_FAILED, NewId, OpenResponse
from kouyu.protocol.openai.response_options import ResponseOptions
from kouyu.protocol.openai.server_events import ServerEvent

_OfMessage = core.AnswerDelta | core.SpeechDelta | core.SpeechCompleted
_OfChat = core.ActionRequired | core.ChatCompleted | core.ChatFailed | core.ChatCancelled


class _Asked(msgspec.Struct, frozen=True):
    options: ResponseOptions
    event_id: str | None


class ResponsesApart:
    """Those of one session. Their items are none of the conversation, and their calls wait for no outputs."""

    def __init__(self, new_id: NewId) -> None:
        self._new_id = new_id
        self._asked: dict[str, _Asked] = {}
        """Those asked for that have not begun, by the origins of their requests."""
        self._open: dict[str, OpenResponse] = {}
        """Those in progress, by their chats."""
        self.output: dict[str, Any] = {}
        """Format and voice of the output in force."""

    def create(self, options: ResponseOptions, event_id: str | None, origin: str) -> AnswerNow:
        """Ask for one."""
        self._asked[origin] = _Asked(options, event_id)
        return AnswerNow(options=options.answer, origin=origin)

    def cancel(self, response_id: str) -> CancelAnswer | None:
        """Stop the one with this id; None if it is not in progress."""
        chats = (chat_id for chat_id, response in self._open.items() if response.id == response_id)
        chat_id = next(chats, None)
        return None if chat_id is None else CancelAnswer(chat_id)

    def asked_for(self, origin: str | None) -> bool:
        """Whether a request with this origin was made for one."""
        return origin in self._asked

    def refuse(self, event: core.RequestRefused) -> Iterator[ServerEvent]:
        """One that was asked for will not come: too many are in progress."""
        asked = self._asked.pop(event.origin or "")
        yield events.error(detail_of(RefusedEvent(TOO_MANY_RESPONSES, event.msg), asked.event_id))

    def takes(self, event: core.Event) -> bool:
        """Whether an event of the core is about one of them."""
        match event:
            case core.ChatBegan(origin=origin):
                return self.asked_for(origin)
            case _ if isinstance(event, _OfChat):
                return event.chat.id in self._open
            case core.AnswerDelta(message) | core.SentenceBegan(message) | core.SpeechDelta(message):
                return message.chat_id in self._open
            case core.SpeechCompleted(message) | core.MessageCompleted(message):
                return message.chat_id in self._open
            case _:
                return False

    def tell(self, event: core.Event) -> Iterator[ServerEvent]:
        """What to send for an event that ``takes`` is true for."""
        match event:
            case core.ChatBegan(chat, origin):
                yield from self._begin(chat, self._asked.pop(origin or "").options)
            case _ if isinstance(event, _OfChat):
                yield from self._tell_of_chat(event)
            case _ if isinstance(event, _OfMessage):
                yield from self._tell_of_message(event, self._open[event.message.chat_id])
            case _:
                pass  # what only answers of the conversation have an event for

    def _begin(self, chat: Chat, options: ResponseOptions) -> Iterator[ServerEvent]:
        response = OpenResponse(
            options=options, output=self.output, chat_id=chat.id, items=ConversationItems(), new_id=self._new_id
        )
        self._open[chat.id] = response
        yield from response.begin()

    def _tell_of_message(self, event: _OfMessage, response: OpenResponse) -> Iterator[ServerEvent]:
        match event:
            case core.AnswerDelta(message) if message.content:
                yield from response.write(message.id, message.content)
            case core.SpeechDelta(message, audio):
                yield from response.speak(message.id, audio)
            case core.SpeechCompleted():
                yield from response.end_audio()
            case _:
                pass  # reasoning, which has no event

    def _tell_of_chat(self, event: _OfChat) -> Iterator[ServerEvent]:
        chat = event.chat
        if isinstance(event, core.ActionRequired):
            assert isinstance(chat.required_action, RequiredAction)
            for call in chat.required_action.submit_tool_outputs.tool_calls:
                yield from self._open[chat.id].call(call)
            return
        response = self._open.pop(chat.id)
        match event:
            case core.ChatCompleted(cut=cut):
                yield from response.complete(chat.usage, is_cut=bool(cut))
            case core.ChatFailed():
                fault = chat.last_error
                yield from response.fail(fault.msg if isinstance(fault, LastError) else ANSWER_FAILED, chat.usage)
            case _:
                yield from response.cancel("client_cancelled")
