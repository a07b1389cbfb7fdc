"""Runs one text chat, from its question to its end: completed, failed or canceled."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from typing import Literal

import msgspec

from kouyu.agents.agent import (
    AgentError,
    AgentEvent,
    AgentRequest,
    AnswerCut,
    ToolCallRequest,
    ToolsRan,
)
from kouyu.agents.answer_limits import within_limits
from kouyu.conversation import chat_failures
from kouyu.conversation.chat_record import ChatRecord
from kouyu.conversation.client_tools import ClientTools
from kouyu.conversation.effects import Effect, SaveMessage
from kouyu.conversation.identity import Identity
from kouyu.domain.chats import Chat
from kouyu.domain.errors import INTERNAL, ProtocolError
from kouyu.domain.events import RequestRefused
from kouyu.domain.messages import Message
from kouyu.domain.tool_calls import ToolOutput
from kouyu.serving.agent_request import agent_request
from kouyu.serving.caller import Caller
from kouyu.serving.recorder import LAST_SAVES_S, Recorder
from kouyu.store.errors import ChatRuns, StoreError
from kouyu.text_chats.beginning import Beginning, already_runs
from kouyu.text_chats.chat_output import ChatOutput
from kouyu.text_chats.chat_request import ChatRequest
from kouyu.text_chats.event_stream import ClientGone, EventStream
from kouyu.text_chats.in_time import next_in_time
from kouyu.text_chats.services import ChatServices
from kouyu.text_chats.spoken_answer import SpokenAnswer
from kouyu.text_chats.written_answer import WrittenAnswer

log = logging.getLogger(__name__)

Phase = Literal["running", "waiting", "ended"]


class TextChat:
    """A chat. Its owner runs it as a task, and may cancel it.

    Everything is saved before it is sent. Events go to ``stream``, one for each request of the client: it ends when the
    chat waits for the client's tools, and another begins when they have run.
    """

    def __init__(
        self,
        asked: ChatRequest,
        question: Message | None,
        *,
        identity: Identity,
        services: ChatServices,
        is_known: bool,
        stream: EventStream | None,
    ) -> None:
        """``question`` is in the conversation already; None: it is the last of ``asked.messages``.

        ``is_known``: the conversation is in the store.
        """
        self._asked = asked
        self._services = services
        self._store = services.store.of(asked.caller.owner)
        self._identity = identity
        last = asked.messages[-1] if question is None else question
        self._record = ChatRecord(last.content, last.content_type, chat_config=asked.chat_config, identity=identity)
        self._messages = self._record.messages
        if question is not None:
            self._messages.question = msgspec.structs.replace(self._messages.question, id=question.id)
        elif own := asked.messages[-1].meta_data:
            self._messages.question = msgspec.structs.replace(self._messages.question, meta_data=own)
        self._keeps_question = question is None
        self._recorder = recorder = Recorder(self._store, bot_id=identity.bot_id, is_alone=True)
        if is_known:
            recorder.know(identity.conversation_id)
        self._out = ChatOutput(recorder, stream)
        self._answer = WrittenAnswer(self._record, self._out)
        self._tools = ClientTools()
        self._submitted = asyncio.Event()
        self._stop_reason = ""
        self._beginning = Beginning()
        self.phase: Phase = "running"

    @property
    def id(self) -> str:
        """The id that its events and messages carry."""
        return self._record.chat_id

    @property
    def conversation_id(self) -> str:
        """The conversation it is part of."""
        return self._identity.conversation_id

    @property
    def caller(self) -> Caller:
        """The access token of its client."""
        return self._asked.caller

    @property
    def chat(self) -> Chat | None:
        """The chat as last sent to the client; None before that."""
        return self._out.chat

    # Requests

    async def started(self) -> Chat:
        """Wait until the chat has begun, or has resumed after the client's tools, and that is on disk.

        Raises ProtocolError where that fails.
        """
        return await self._beginning.wait()

    def submit(self, outputs: tuple[ToolOutput, ...], stream: EventStream | None) -> None:
        """Resume with the outputs of the client's tools. Raises InvalidField if they are not the expected ones."""
        assert self.phase == "waiting"
        self._tools.submit(outputs)
        self._out.stream = stream
        self._beginning = Beginning()
        self.phase = "running"
        self._submitted.set()

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it has not ended, and does not wait for the client (rest.md 4.2)."""
        return self.phase == "running" and not self._out.is_settled

    def stop_with(self, reason: str) -> None:
        """Set the reason with which the chat fails when its owner cancels it; without one it ends as canceled."""
        self._stop_reason = reason

    def is_read_by(self, stream: EventStream) -> bool:
        """Whether this is its current stream."""
        return stream is self._out.stream

    @property
    def needs_its_client(self) -> bool:
        """Whether the chat ends if the client disconnects now. A complete answer is finished in any case."""
        return not self._answer.is_whole or self._out.is_settled

    # Running

    async def run(self) -> None:
        """Run the chat to its end. Raises nothing but cancellation."""
        try:
            await self._converse()
        except asyncio.CancelledError:
            await self._break_off()
            raise
        except ClientGone:
            await self._break_off()
        except AgentError as fault:
            log.warning("an agent failed: %s", fault)
            await self._fail(str(fault))
        except ChatRuns:  # begun meanwhile, perhaps by another server
            self._beginning.refuse(already_runs())
        except StoreError as fault:
            await self._give_up(fault)
        except Exception:  # the boundary to an agent: whatever it raises ends this chat alone
            log.exception("unexpected error in an agent")
            await self._fail(chat_failures.UNEXPECTED)
        finally:
            await self._answer.stop_speaking()
            self._recorder.abandon()
            self.close()

    async def _converse(self) -> None:
        await self._begin()
        while await self._ask():
            await self._wait_for_tools()
        await self._answer.finish()
        await self._out.carry_out(self._record.complete(self._answer.usage))
        if self._answer.spoken is not None:
            await self._answer.spoken.finish()

    async def _begin(self) -> None:
        now = time.time()
        if self._keeps_question and self._asked.chat_config.auto_save_history:
            for message in self._asked.messages[:-1]:
                place = {"section_id": self._identity.section_id, "bot_id": self._identity.bot_id, "chat_id": self.id}
                placed = message.placed(self._identity.new_id(), conversation_id=self.conversation_id, **place)
                self._out.save(SaveMessage(placed, int(now), self._asked.chat_config.user_id or ""))
        await self._out.carry_out(self._record.begin_without_echo(now, keep_question=self._keeps_question))
        self._beginning.done(self.chat)

    def _speaker(self) -> SpokenAnswer | None:
        """Speaks the answer, if the client sent a recording and streams; else None."""
        synthesizer = self._services.synthesizer
        if synthesizer is None or self._out.stream is None or not self._asked.is_spoken:
            return None
        voice_id = self._services.voice_of(self._identity.bot_id)
        patience_s, count = self._services.limits.synthesis_s, self._asked.caller.use.count_audio
        return SpokenAnswer(
            synthesizer, voice_id, self._messages.answer, self._out.tell, patience_s=patience_s, count=count
        )

    async def _ask(self) -> bool:
        """Run the agent and output its events. Returns True if it waits for the client's tools."""
        request = await self._request()
        self._answer.spoken = self._speaker()
        async with aclosing(within_limits(self._asked.agent.reply(request))) as events:
            while (event := await self._next(events)) is not None:
                if isinstance(event, ToolCallRequest):
                    if not event.calls:
                        raise AgentError(chat_failures.NO_CALLS)
                    self._tools.ask(event.calls)
                if isinstance(event, ToolsRan):
                    self._tools.ran(event.round)
                if isinstance(event, AnswerCut):
                    log.warning("%s", event.reason)
                await self._answer.take(event)
        return self._tools.are_awaited

    async def _request(self) -> AgentRequest:
        request = await agent_request(
            self._store,
            self._messages.question,
            self._asked.chat_config,
            brought=self._asked.context,
            tool_rounds=self._tools.rounds,
        )
        messages = request.messages
        if self._services.recordings is not None:
            messages = await self._services.recordings.heard(messages, self._asked.caller)
        return msgspec.structs.replace(request, messages=messages, follow_up=True)

    async def _next(self, events: AsyncGenerator[AgentEvent, None]) -> AgentEvent | None:
        return await next_in_time(events, self._services.limits, has_begun=self._answer.has_begun)

    async def _wait_for_tools(self) -> None:
        """End the stream, and wait while the client runs its tools (rest.md 4.2)."""
        calls = self._tools.awaited
        limit_s = self._services.limits.tool_outputs_s
        if self._answer.spoken is not None:
            await self._answer.spoken.finish()
        await self._out.carry_out([*self._messages.add_calls(calls, time.time()), *self._record.require_action(calls)])
        self._submitted.clear()
        self.phase = "waiting"
        self._out.end_stream()
        try:
            async with asyncio.timeout(limit_s):
                await self._submitted.wait()
        except TimeoutError as fault:
            raise AgentError(chat_failures.no_tool_outputs(limit_s)) from fault
        outputs = self._tools.rounds[-1].outputs
        await self._out.carry_out([*self._record.go_on(), *self._record.show_progress()])
        await self._out.carry_out(self._messages.add_outputs(outputs, time.time()))
        self._beginning.done(self.chat)

    # Ending

    async def _break_off(self) -> None:
        """End as canceled (by the client, or since it disconnected), or as failed if the owner gave a reason."""
        if self.chat is None or self._out.is_settled:
            return
        if self._stop_reason:
            await self._fail(self._stop_reason)
            return
        self._out.chat = msgspec.structs.replace(self.chat, status="canceled")
        await self._settle([*self._answer.break_off(), *self._record.cancel()])

    async def _fail(self, reason: str) -> None:
        if not self._out.is_settled:
            await self._settle([*self._answer.break_off(), *self._record.fail(reason, self._answer.usage, time.time())])

    async def _settle(self, effects: Iterable[Effect]) -> None:
        try:
            async with asyncio.timeout(LAST_SAVES_S):
                await self._out.carry_out(effects)
        except (StoreError, TimeoutError, ClientGone) as fault:
            log.error("the end of a chat was not saved: %s", fault)

    async def _give_up(self, fault: StoreError) -> None:
        """End the chat because saving failed: send an error event instead of what could not be saved."""
        log.error("saving a chat failed: %s", fault)
        with suppress(ClientGone):
            await self._out.tell(RequestRefused(INTERNAL, "the chat could not be saved"))

    def close(self) -> None:
        """Release callers that wait for the chat, also if it never began. A second call does nothing."""
        self.phase = "ended"
        self._beginning.refuse(ProtocolError(INTERNAL, "the chat could not begin"))
        self._out.end_stream()
