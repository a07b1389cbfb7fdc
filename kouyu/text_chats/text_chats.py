"""Owns all text chats: checks whether one may begin, and runs their tasks."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from kouyu.agents.agent import Agent
from kouyu.conversation.identity import Identity
from kouyu.conversation.limits import Limits
from kouyu.domain import errors
from kouyu.domain.chats import Chat
from kouyu.domain.errors import InvalidField, ProtocolError, UnknownId
from kouyu.domain.ids import server_of
from kouyu.domain.messages import Message
from kouyu.domain.tool_calls import ToolOutput
from kouyu.metrics.readings import Refused
from kouyu.serving.log_context import tell_conversation
from kouyu.serving.overload import ALWAYS
from kouyu.store.chats import INTERRUPTED
from kouyu.store.conversations import ConversationRecord
from kouyu.text_chats.beginning import already_runs
from kouyu.text_chats.chat_request import ChatRequest
from kouyu.text_chats.completions import Completions
from kouyu.text_chats.event_stream import EventStream
from kouyu.text_chats.services import ChatServices
from kouyu.text_chats.text_chat import TextChat
from kouyu.text_chats.workflow_runs import RunRequest, WorkflowRun, WorkflowRuns

_SHOWN: Final = 100
_DELETED: Final = "the conversation was deleted in the middle of this chat"


class TextChats:
    """Owns the task of each chat that runs or waits for its client's tools; refuses more than ``limit`` that run.

    ``is_overloaded`` tells whether the machine has too much to do for a new one.
    """

    def __init__(
        self, services: ChatServices, *, limit: int, is_overloaded: Callable[[], bool] = lambda: False
    ) -> None:
        self._services = services
        self.limit = limit
        self.elsewhere: Callable[[], int] = lambda: 0
        """Returns the chats that run in the other processes of this server."""
        self.changed: Callable[[int], None] = lambda running: None
        """Called with the number of chats that run here when one begins or has ended."""
        self._is_overloaded = is_overloaded
        self.refused: Counter[Refused] = Counter()
        """Chats refused because no further one may begin, by reason."""
        self._tasks: dict[TextChat, asyncio.Task[None]] = {}
        self._is_ending = False
        self.runs = WorkflowRuns(lambda: self._services.limits, services.ids)
        """Runs of flows outside conversations."""
        self.completions = Completions(lambda: self._services.limits, self._check_room)
        """Answers outside conversations."""

    def run_flow(self, asked: RunRequest) -> WorkflowRun:
        """Begin a run of a flow. Raises ProtocolError if too much runs already."""
        if self._is_ending:
            raise self._refusal("stopping", "the server is stopping and begins no run")
        if self.running + len(self.runs.tasks) + self.elsewhere() >= self.limit:
            raise self._refusal("full", f"{self.running + len(self.runs.tasks)} chats and runs run already")
        return self.runs.begin(asked)

    def bots_of(self, owner: str) -> Mapping[str, Agent]:
        """The agents of the bots that this owner's clients may talk to, by bot id."""
        return self._services.bots_of(owner)

    @property
    def flows(self) -> Mapping[str, Agent]:
        """Agents by workflow id."""
        return self._services.flows

    @property
    def running(self) -> int:
        """Chats and answers that run now. Those that wait for their client's tools are not counted."""
        return sum(chat.phase == "running" for chat in self._tasks) + self.completions.running

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """The tasks of the chats that run, or wait for their client's tools."""
        return set(self._tasks.values())

    async def begin(self, asked: ChatRequest, stream: EventStream | None) -> TextChat:
        """Begin a chat; return when it is on disk. Its events go to ``stream``.

        Raises ProtocolError if the conversation does not exist, has no question, or has a running chat, or if as many
        conversations of this token run as may.
        """
        record = await self._conversation(asked)
        identity = Identity(ids=self._services.ids, bot_id=asked.bot_id, epoch=0.0)
        if record is not None:
            identity.open(record.id, record.section_id)
        tell_conversation(identity.conversation_id)
        question = None if asked.messages else await self._last_question(asked, record)
        await self._check_free(asked.caller.owner, identity.conversation_id, begins=True)
        chat = TextChat(
            asked,
            question,
            identity=identity,
            services=self._services,
            is_known=record is not None,
            stream=stream,
        )
        asked.caller.use.begin_conversation()
        self._tasks[chat] = task = asyncio.create_task(chat.run(), name=f"chat {chat.id}")
        task.add_done_callback(lambda _: self._ended(chat))
        self.changed(self.running)
        await chat.started()
        return chat

    async def submit(
        self,
        owner: str,
        conversation_id: str,
        chat_id: str,
        outputs: tuple[ToolOutput, ...],
        stream: EventStream | None,
    ) -> TextChat:
        """Resume an owner's chat with the outputs of the client's tools.

        Raises ProtocolError for a chat that does not wait for them, InvalidField for outputs of other calls.
        """
        chat = self._found(owner, conversation_id, chat_id)
        if chat is None or chat.phase != "waiting":
            status = await self._status(owner, conversation_id, chat_id)
            raise ProtocolError(errors.BAD_REQUEST, f"the chat is not waiting for tool outputs: it is {status}")
        await self._check_free(owner, conversation_id, begins=False)
        try:
            chat.submit(outputs, stream)
        except InvalidField as fault:  # it names an event's field
            raise InvalidField(fault.field.removeprefix("data."), fault.value, fault.allowed) from fault
        await chat.started()
        return chat

    async def cancel(self, owner: str, conversation_id: str, chat_id: str) -> Chat:
        """Cancel an owner's running chat; return its state as saved. Raises ProtocolError if it cannot be canceled."""
        chat = self._found(owner, conversation_id, chat_id)
        if chat is not None and chat.can_be_cancelled:
            await self._stop(chat)
            if chat.chat is not None and chat.chat.status == "canceled":
                return chat.chat
        status = await self._status(owner, conversation_id, chat_id)
        raise ProtocolError(errors.CANNOT_CANCEL, f"the chat cannot be canceled now: it is {status}")

    def leave(self, chat: TextChat, stream: EventStream) -> None:
        """Handle the disconnect of this stream's client: a chat without another stream ends as canceled."""
        stream.close()
        if chat.is_read_by(stream) and chat.needs_its_client and chat in self._tasks:
            self._tasks[chat].cancel()

    async def forget(self, owner: str, conversation_id: str) -> None:
        """End the chats of an owner's conversation that is about to be deleted."""
        of_it = (conversation_id, owner)
        for chat in [chat for chat in self._tasks if (chat.conversation_id, chat.caller.owner) == of_it]:
            await self._stop(chat, _DELETED)

    async def begin_section(self, owner: str, conversation_id: str) -> str:
        """Begin a new section of an owner's conversation in all of its sessions; return its id.

        Raises UnknownConversation.
        """
        section_id = self._services.ids.next_id()
        await self._services.store.of(owner).conversations.set_section(conversation_id, section_id)
        self._services.sections.begin(conversation_id, section_id)
        return section_id

    def follow(self, limits: Limits) -> None:
        """From now on let chats begin with these limits."""
        self._services = msgspec.structs.replace(self._services, limits=limits)

    def refuse_new(self) -> None:
        """From now on let no chat begin."""
        self._is_ending = True

    async def end(self) -> None:
        """Shut down: begin no more chats, and end every running one as failed."""
        self.refuse_new()
        await self.runs.end()
        for chat, task in self._tasks.items():
            chat.stop_with(INTERRUPTED.msg)
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    def _ended(self, chat: TextChat) -> None:
        del self._tasks[chat]
        self.changed(self.running)
        chat.caller.use.end_conversation()
        chat.close()

    async def _stop(self, chat: TextChat, reason: str = "") -> None:
        task = self._tasks.get(chat)
        if task is None:  # it has ended meanwhile
            return
        chat.stop_with(reason)
        task.cancel()
        await asyncio.wait({task})

    def _found(self, owner: str, conversation_id: str, chat_id: str) -> TextChat | None:
        wanted = (conversation_id, chat_id, owner)
        return next(
            (chat for chat in self._tasks if (chat.conversation_id, chat.id, chat.caller.owner) == wanted), None
        )

    async def _status(self, owner: str, conversation_id: str, chat_id: str) -> str:
        """The status of a chat. Raises ProtocolError if there is none."""
        record = await self._services.store.of(owner).chats.get(chat_id)
        if record is not None and record.conversation_id == conversation_id:
            return record.status
        if chat := self._found(owner, conversation_id, chat_id):
            return "requires_action" if chat.phase == "waiting" else "in_progress"
        raise UnknownId("chat", chat_id, "in this conversation")

    async def _conversation(self, asked: ChatRequest) -> ConversationRecord | None:
        """The requested conversation; None for a new one."""
        wanted = asked.chat_config.conversation_id
        if not wanted:
            return None
        record = await self._services.store.of(asked.caller.owner).conversations.get(wanted)
        if record is None:
            raise UnknownId("conversation", wanted)
        if record.user_id not in ("", asked.chat_config.user_id or ""):
            began = f"the conversation {wanted[:_SHOWN]!r} began under another user_id"
            raise ProtocolError(errors.CONVERSATION_NOT_FOUND, began)
        return record

    async def _last_question(self, asked: ChatRequest, record: ConversationRecord | None) -> Message:
        """The user's last message, if it has no answer yet."""
        if record is not None:
            latest = await self._services.store.of(asked.caller.owner).messages.last_said(
                record.id, record.section_id, user_id=asked.chat_config.user_id or ""
            )
            if latest is not None and latest.role == "user":
                return msgspec.convert(latest, Message, from_attributes=True)
        raise InvalidField("additional_messages", [], "at least a question, unless the conversation ends with one")

    async def _check_free(self, owner: str, conversation_id: str, *, begins: bool) -> None:
        """Raises ProtocolError if a text or voice chat runs in the conversation, or too many run in all."""
        running_here = await self._running_in(owner, conversation_id)
        # No await from here until the chat is registered.
        running = [chat for chat in self._tasks if chat.phase == "running"]
        if running_here or any(chat.conversation_id == conversation_id for chat in running):
            raise already_runs()
        self._check_room(begins=begins)

    async def _running_in(self, owner: str, conversation_id: str) -> str | None:
        """The id of the chat that runs in the conversation, on a server that has not died."""
        chats, lease = self._services.store.of(owner).chats, self._services.store.lease
        running = await chats.running_in(conversation_id)
        if running is None or lease is None or server_of(running) == self._services.ids.server:
            return running
        await lease.forget_dead()
        return await chats.running_in(conversation_id)

    def _check_room(self, *, begins: bool = True) -> None:
        """Raises ProtocolError if no chat may run. ``begins``: it is a new one, which an overloaded machine refuses."""
        if self._is_ending:
            raise self._refusal("stopping", "the server is stopping and begins no chat")
        if (in_all := self.running + self.elsewhere()) >= self.limit:
            raise self._refusal("full", f"{in_all} chats run already")
        if begins and self.running >= ALWAYS and self._is_overloaded():
            raise self._refusal("overloaded", "the server has as much to do as it can answer in time")

    def _refusal(self, reason: Refused, msg: str) -> ProtocolError:
        self.refused[reason] += 1
        return ProtocolError(errors.TOO_MANY_SESSIONS, f"{msg}; try again in a moment")
