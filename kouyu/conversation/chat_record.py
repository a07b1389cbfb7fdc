"""Builds the events and saved records of one chat's states; those of its messages are in ``chat_messages.py``."""

from collections.abc import Iterator
from typing import Final

import msgspec

from kouyu.conversation.chat_messages import ChatMessages
from kouyu.conversation.effects import Effect, SaveChat, Send
from kouyu.conversation.identity import Identity
from kouyu.domain.chats import Chat, ChatStatus, LastError, RequiredAction, SubmitToolOutputs, Usage
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.errors import INTERNAL
from kouyu.domain.events import (
    ActionRequired,
    ChatBegan,
    ChatCancelled,
    ChatCompleted,
    ChatFailed,
    ChatInProgress,
    MessageCompleted,
)
from kouyu.domain.messages import ContentType
from kouyu.domain.tool_calls import ToolCall
from kouyu.domain.user_voice import UNKNOWN_VOICE, UserVoice

_FINISH_PACKET: Final = (
    '{"msg_type":"generate_answer_finish","data":"{\\"finish_reason\\":0,\\"FinData\\":\\"\\"}",'
    '"from_module":null,"from_unit":null}'
)
"""The verbose packet that closes a chat's answers (downlink.md 2.3)."""
_NO_USAGE: Final = Usage()


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
        message_id: str = "",
    ) -> None:
        """``voice`` describes the speaker of the question and goes into the question's ``meta_data``; ``message_id`` is
        the question's, a new one if ""."""
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
        self.messages = ChatMessages(
            question,
            content_type,
            chat=self._chat,
            chat_config=chat_config,
            identity=identity,
            voice=voice,
            message_id=message_id,
        )
        """Its question, its answer, its tools."""

    @property
    def chat_id(self) -> str:
        """The id that the chat's events and messages carry."""
        return self._chat.id

    # The chat's states

    def begin(self, now: float, origin: str | None = None) -> Iterator[Effect]:
        """Announce the chat, after the echo of its question, if it has one (downlink.md 3.1). ``origin``: that of the
        AnswerNow that asked for it."""
        self._begin_now(now)
        yield from self.messages.keep_question(now)
        yield from self._keep(self._with_status("in_progress"))
        if self.messages.question.content:
            yield Send(MessageCompleted(self.messages.question))
        yield from self._announcement(origin)

    def begin_without_echo(self, now: float, *, keep_question: bool = True) -> Iterator[Effect]:
        """Announce the chat as over HTTP (rest.md 4.2); ``keep_question`` is false if the question is saved already."""
        self._begin_now(now)
        if keep_question:
            yield from self.messages.keep_question(now)
        yield from self._keep(self._with_status("in_progress"))
        yield from self._announcement()

    def begin_without_question(self, now: float) -> Iterator[Effect]:
        """Announce a chat without a question, for one whose question was not recognised."""
        self._begin_now(now)
        yield Send(ChatBegan(self._chat))

    def require_action(self, calls: tuple[ToolCall, ...], usage: Usage = _NO_USAGE) -> Iterator[Effect]:
        """Ask the client to run its tools (downlink.md 5); ``usage``: the tokens so far."""
        action = RequiredAction(submit_tool_outputs=SubmitToolOutputs(calls))
        chat = msgspec.structs.replace(self._with_status("requires_action"), required_action=action, usage=usage)
        yield from self._keep(chat)
        yield Send(ActionRequired(chat))

    def go_on(self) -> Iterator[Effect]:
        """Return to ``in_progress`` after the client's tools have run."""
        yield from self._keep(self._with_status("in_progress"))

    def show_progress(self) -> Iterator[Effect]:
        """Send ``in_progress`` to a stream that joins the running chat."""
        yield Send(ChatInProgress(self._with_status("in_progress")))

    def complete(self, usage: Usage, *, unspoken: str | None = None, cut: str = "") -> Iterator[Effect]:
        """Complete the chat. ``unspoken``: why not all of the answer could be spoken, shown to the client; ``cut``: the
        limit that ended the answer, or ""."""
        chat = msgspec.structs.replace(self._with_status("completed"), usage=usage)
        if unspoken is not None:
            fault = LastError(INTERNAL, f"not all of the answer was spoken: {unspoken}")
            chat = msgspec.structs.replace(chat, last_error=fault)
        yield from self._keep(chat)
        yield Send(ChatCompleted(chat, cut))

    def fail(self, reason: str, usage: Usage, now: float) -> Iterator[Effect]:
        """Fail the chat; ``reason`` is shown to the client."""
        chat = msgspec.structs.replace(
            self._with_status("failed"),
            failed_at=self._identity.unix_seconds(now),
            last_error=LastError(INTERNAL, reason),
            usage=usage,
        )
        yield from self._keep(chat)
        yield Send(ChatFailed(chat))

    def cancel(self, *, apart: bool = False) -> Iterator[Effect]:
        """Save the chat as canceled. The caller sends OutputInterrupted, which concerns no single chat, unless this one
        is ``apart`` from the conversation."""
        chat = self._with_status("canceled")
        yield from self._keep(chat)
        if apart:
            yield Send(ChatCancelled(chat))

    def finish_messages(self, now: float) -> Iterator[Effect]:
        """Send the verbose packet that follows the last message of the answer (downlink.md 2.3)."""
        yield from self.messages.add_message("verbose", _FINISH_PACKET, now)
        self._chat = msgspec.structs.replace(self._chat, completed_at=self._identity.unix_seconds(now))

    # Parts

    def _begin_now(self, now: float) -> None:
        self._chat = msgspec.structs.replace(self._chat, created_at=self._identity.unix_seconds(now))

    def _keep(self, chat: Chat) -> Iterator[Effect]:
        yield from self._saving(SaveChat(chat, self._user_id))

    def _saving(self, effect: Effect) -> Iterator[Effect]:
        if self._is_kept:
            yield effect

    def _with_status(self, status: ChatStatus) -> Chat:
        return msgspec.structs.replace(self._chat, status=status)

    def _announcement(self, origin: str | None = None) -> Iterator[Effect]:
        yield Send(ChatBegan(self._chat, origin))
        yield Send(ChatInProgress(self._with_status("in_progress")))
