"""Builds the events and saved records of one chat: its states, its question, its answer."""

from collections.abc import Iterator
from typing import Final

import msgspec

from kouyu.conversation.effects import Effect, SaveChat, SaveMessage, Send, TrimMessage
from kouyu.conversation.identity import Identity
from kouyu.protocol.configuration import ChatConfig
from kouyu.protocol.downlink import (
    Chat,
    ChatStatus,
    ContentType,
    DownlinkEvent,
    LastError,
    Message,
    MessageType,
    RequiredAction,
    Role,
    SubmitToolOutputs,
    ToolCall,
    Usage,
)
from kouyu.protocol.errors import INTERNAL
from kouyu.protocol.tool_round import call_content
from kouyu.protocol.uplink import ToolOutput
from kouyu.protocol.user_voice import UNKNOWN_VOICE, UserVoice

_FINISH_PACKET: Final = (
    '{"msg_type":"generate_answer_finish","data":"{\\"finish_reason\\":0,\\"FinData\\":\\"\\"}",'
    '"from_module":null,"from_unit":null}'
)
"""The verbose packet that closes a chat's answers (downlink.md 2.3)."""


class ChatRecord:
    """Builds the chat's effects, saving each record before the event that reports it; the caller decides when.

    Saves nothing if ``chat_config.auto_save_history`` is off.
    """

    def __init__(
        self,
        question: str,
        content_type: ContentType,
        *,
        chat_config: ChatConfig,
        identity: Identity,
        voice: UserVoice = UNKNOWN_VOICE,
    ) -> None:
        """``voice`` describes the speaker of the question and goes into the question's ``meta_data``."""
        self._identity = identity
        self._is_kept = chat_config.auto_save_history
        self._user_id = chat_config.user_id or ""
        self._chat = Chat(
            id=identity.new_id(),
            conversation_id=identity.conversation_id,
            bot_id=identity.bot_id,
            created_at=0,
            meta_data=chat_config.meta_data or msgspec.UNSET,
            status="created",
            section_id=identity.section_id,
        )
        asked = self._message("user", "question", question, content_type)
        if known := voice.as_meta_data():
            asked = msgspec.structs.replace(asked, meta_data=chat_config.meta_data | known)
        self.question = asked
        self.answer = self._message("assistant", "answer", "")
        """The answer without its content, which the caller supplies. Its audio carries the same id."""

    @property
    def chat_id(self) -> str:
        """The id that the chat's events and messages carry."""
        return self._chat.id

    # The chat's states

    def begin(self, now: float) -> Iterator[Effect]:
        """Announce the chat, after the echo of its question (downlink.md 3.1)."""
        self._begin_now(now)
        yield from self.keep_question(now)
        yield from self._keep(self._with_status("in_progress"))
        yield Send(DownlinkEvent("conversation.message.completed", self.question))
        yield from self._announcement()

    def begin_without_echo(self, now: float, *, keep_question: bool = True) -> Iterator[Effect]:
        """Announce the chat as over HTTP (rest.md 4.2); ``keep_question`` is false if the question is saved already."""
        self._begin_now(now)
        if keep_question:
            yield from self.keep_question(now)
        yield from self._keep(self._with_status("in_progress"))
        yield from self._announcement()

    def begin_without_question(self, now: float) -> Iterator[Effect]:
        """Announce a chat without a question, for one whose question was not recognised."""
        self._begin_now(now)
        yield Send(DownlinkEvent("conversation.chat.created", self._chat))

    def require_action(self, calls: tuple[ToolCall, ...]) -> Iterator[Effect]:
        """Ask the client to run its tools (downlink.md 5)."""
        action = RequiredAction(submit_tool_outputs=SubmitToolOutputs(calls))
        chat = msgspec.structs.replace(self._with_status("requires_action"), required_action=action)
        yield from self._keep(chat)
        yield Send(DownlinkEvent("conversation.chat.requires_action", chat))

    def go_on(self) -> Iterator[Effect]:
        """Return to ``in_progress`` after the client's tools have run."""
        yield from self._keep(self._with_status("in_progress"))

    def show_progress(self) -> Iterator[Effect]:
        """Send ``in_progress`` to a stream that joins the running chat."""
        yield Send(DownlinkEvent("conversation.chat.in_progress", self._with_status("in_progress")))

    def complete(self, usage: Usage, *, unspoken: str | None = None) -> Iterator[Effect]:
        """Complete the chat. ``unspoken``: why not all of the answer could be spoken, shown to the client."""
        chat = msgspec.structs.replace(self._with_status("completed"), usage=usage)
        if unspoken is not None:
            fault = LastError(INTERNAL, f"not all of the answer was spoken: {unspoken}")
            chat = msgspec.structs.replace(chat, last_error=fault)
        yield from self._keep(chat)
        yield Send(DownlinkEvent("conversation.chat.completed", chat))

    def fail(self, reason: str, usage: Usage, now: float) -> Iterator[Effect]:
        """Fail the chat; ``reason`` is shown to the client."""
        chat = msgspec.structs.replace(
            self._with_status("failed"),
            failed_at=self._identity.unix_seconds(now),
            last_error=LastError(INTERNAL, reason),
            usage=usage,
        )
        yield from self._keep(chat)
        yield Send(DownlinkEvent("conversation.chat.failed", chat))

    def cancel(self) -> Iterator[Effect]:
        """Save the chat as canceled. The caller sends the ``canceled`` event, which concerns no single chat."""
        yield from self._keep(self._with_status("canceled"))

    # Its messages

    def keep_question(self, now: float) -> Iterator[Effect]:
        """Save the question as part of the conversation."""
        yield from self._keep_message(self.question, now)

    def show_piece(self, text: str) -> Iterator[Effect]:
        """Send the next characters of the answer."""
        yield Send(DownlinkEvent("conversation.message.delta", self._answer(text)))

    def show_thought(self, text: str) -> Iterator[Effect]:
        """Send the next characters of the agent's reasoning (``reasoning_content``)."""
        yield Send(DownlinkEvent("conversation.message.delta", self._answer("", text)))

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
        """Save the part of an interrupted answer that was generated."""
        yield from self._keep_message(self._answer(text, thoughts), now)

    def finish_answer(self, text: str, now: float, thoughts: str = "") -> Iterator[Effect]:
        """Save the complete answer; send its last, empty piece and ``message.completed`` (downlink.md 3.1)."""
        if text:
            yield from self.show_piece("")
            yield from self.keep_answer(text, now, thoughts)
            yield Send(DownlinkEvent("conversation.message.completed", self._answer(text, thoughts)))

    def finish_messages(self, now: float) -> Iterator[Effect]:
        """Send the verbose packet that follows the last message of the answer (downlink.md 2.3)."""
        yield from self._add(self._message("assistant", "verbose", _FINISH_PACKET), now)
        self._chat = msgspec.structs.replace(self._chat, completed_at=self._identity.unix_seconds(now))

    def forget_question(self) -> Iterator[Effect]:
        """Remove the saved question from the model's context."""
        yield from self._saving(TrimMessage(self.question.id, ""))

    def trim_answer(self, heard: str) -> Iterator[Effect]:
        """Record that the user heard only ``heard`` of the saved answer."""
        yield from self._saving(TrimMessage(self.answer.id, heard))

    # Parts

    def _begin_now(self, now: float) -> None:
        self._chat = msgspec.structs.replace(self._chat, created_at=self._identity.unix_seconds(now))

    def _keep(self, chat: Chat) -> Iterator[Effect]:
        yield from self._saving(SaveChat(chat, self._user_id))

    def _keep_message(self, message: Message, now: float, tool_call_id: str = "") -> Iterator[Effect]:
        yield from self._saving(SaveMessage(message, self._identity.unix_seconds(now), self._user_id, tool_call_id))

    def _add(self, message: Message, now: float, tool_call_id: str = "") -> Iterator[Effect]:
        yield from self._keep_message(message, now, tool_call_id)
        yield Send(DownlinkEvent("conversation.message.completed", message))

    def _saving(self, effect: Effect) -> Iterator[Effect]:
        if self._is_kept:
            yield effect

    def _with_status(self, status: ChatStatus) -> Chat:
        return msgspec.structs.replace(self._chat, status=status)

    def _announcement(self) -> Iterator[Effect]:
        yield Send(DownlinkEvent("conversation.chat.created", self._chat))
        yield Send(DownlinkEvent("conversation.chat.in_progress", self._with_status("in_progress")))

    def _answer(self, text: str, thoughts: str = "") -> Message:
        return msgspec.structs.replace(self.answer, content=text, reasoning_content=thoughts or msgspec.UNSET)

    def _message(self, role: Role, kind: MessageType, content: str, content_type: ContentType = "text") -> Message:
        chat = self._chat
        return Message(
            id=self._identity.new_id(),
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
