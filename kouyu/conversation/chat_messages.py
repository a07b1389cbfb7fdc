"""Builds the events and saved records of the messages of one chat: its question, its answer, its tools."""

from collections.abc import Iterator

import msgspec

from kouyu.conversation.effects import Effect, EraseMessage, SaveMessage, Send, TrimMessage
from kouyu.conversation.identity import Identity
from kouyu.domain.chats import Chat
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.events import AnswerDelta, MessageCompleted
from kouyu.domain.messages import ContentType, Message, MessageType, Role
from kouyu.domain.tool_calls import ToolCall, ToolOutput
from kouyu.domain.tool_round import call_content
from kouyu.domain.user_voice import UNKNOWN_VOICE, UserVoice


class ChatMessages:
    """Builds the effects of messages, saving each before the event that reports it; the caller decides when.

    Saves nothing if ``chat_config.auto_save_history`` is off.
    """

    def __init__(
        self,
        question: str,
        content_type: ContentType,
        *,
        chat: Chat,
        chat_config: ChatConfig,
        identity: Identity,
        voice: UserVoice = UNKNOWN_VOICE,
        message_id: str = "",
    ) -> None:
        """``voice`` describes the speaker of the question and goes into the question's ``meta_data``; ``message_id`` is
        the question's, a new one if ""."""
        self._chat = chat
        self._identity = identity
        self._is_kept = chat_config.auto_save_history
        self._user_id = chat_config.user_id or ""
        asked = self._message("user", "question", question, content_type, message_id=message_id)
        if known := voice.as_meta_data():
            asked = msgspec.structs.replace(asked, meta_data=chat_config.meta_data | known)
        self.question = asked
        self.answer = self._message("assistant", "answer", "")
        """The answer without its content, which the caller supplies. Its audio carries the same id."""
        self._holds_place = False

    def keep_question(self, now: float) -> Iterator[Effect]:
        """Save the question, if there is one, as part of the conversation."""
        if self.question.content:
            yield from self._keep_message(self.question, now)

    def forget_question(self) -> Iterator[Effect]:
        """Remove the saved question from the model's context."""
        yield from self._saving(TrimMessage(self.question.id, ""))

    def show_piece(self, text: str) -> Iterator[Effect]:
        """Send the next characters of the answer."""
        yield Send(AnswerDelta(self._answer(text)))

    def show_thought(self, text: str) -> Iterator[Effect]:
        """Send the next characters of the agent's reasoning (``reasoning_content``)."""
        yield Send(AnswerDelta(self._answer("", text)))

    def add_message(self, kind: MessageType, content: str, now: float) -> Iterator[Effect]:
        """Save and send an assistant message besides the answer, such as a suggested follow-up question."""
        yield from self._add(self._message("assistant", kind, content), now)

    def add_calls(self, calls: tuple[ToolCall, ...], now: float) -> Iterator[Effect]:
        """Save and send a ``function_call`` message for each tool call."""
        for call in calls:
            yield from self._add(self._message("assistant", "function_call", call_content(call)), now, call.id)

    def add_outputs(self, outputs: tuple[ToolOutput, ...], now: float) -> Iterator[Effect]:
        """Save and send a ``tool_response`` message for each tool output, unchanged."""
        for output in outputs:
            message = self._message("assistant", "tool_response", output.output)
            yield from self._add(message, now, output.tool_call_id)

    def keep_answer(self, text: str, now: float, thoughts: str = "") -> Iterator[Effect]:
        """Save the part of an interrupted answer that was generated, if there is any."""
        if text:
            yield from self._keep_message(self._answer(text, thoughts), now)
        elif self._holds_place:
            yield from self._saving(EraseMessage(self.answer.conversation_id, self.answer.id))

    def hold_place(self, text: str, now: float) -> Iterator[Effect]:
        """Save the beginning of the answer before a message that follows it; ``keep_answer`` completes it."""
        if not self._holds_place:
            self._holds_place = True
            yield from self._keep_message(self._answer(text), now)

    def finish_answer(self, text: str, now: float, thoughts: str = "") -> Iterator[Effect]:
        """Save the complete answer; send its last, empty piece and ``message.completed`` (downlink.md 3.1)."""
        if text:
            yield from self.show_piece("")
        yield from self.keep_answer(text, now, thoughts)
        if text:
            yield Send(MessageCompleted(self._answer(text, thoughts)))

    def trim_answer(self, heard: str) -> Iterator[Effect]:
        """Record that the user heard only ``heard`` of the saved answer."""
        yield from self._saving(TrimMessage(self.answer.id, heard))

    # Parts

    def _keep_message(self, message: Message, now: float, tool_call_id: str = "") -> Iterator[Effect]:
        yield from self._saving(SaveMessage(message, self._identity.unix_seconds(now), self._user_id, tool_call_id))

    def _add(self, message: Message, now: float, tool_call_id: str = "") -> Iterator[Effect]:
        yield from self._keep_message(message, now, tool_call_id)
        yield Send(MessageCompleted(message, tool_call_id))

    def _saving(self, effect: Effect) -> Iterator[Effect]:
        if self._is_kept:
            yield effect

    def _answer(self, text: str, thoughts: str = "") -> Message:
        return msgspec.structs.replace(self.answer, content=text, reasoning_content=thoughts or msgspec.UNSET)

    def _message(
        self, role: Role, kind: MessageType, content: str, content_type: ContentType = "text", *, message_id: str = ""
    ) -> Message:
        chat = self._chat
        return Message(
            id=message_id or self._identity.new_id(),
            conversation_id=chat.conversation_id,
            bot_id=chat.bot_id,
            role=role,
            type=kind,
            content=content,
            content_type=content_type,
            chat_id=chat.id,
            section_id=chat.section_id,
            meta_data=chat.meta_data,
        )
