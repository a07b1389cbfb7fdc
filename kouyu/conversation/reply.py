"""One chat: the question's echo, the agent's answer as text and speech, and exactly one end."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from kouyu.agents.agent import ToolRound
from kouyu.conversation.effects import (
    CancelReply,
    Effect,
    SaveChat,
    SaveMessage,
    Send,
    StartReply,
    TrimMessage,
)
from kouyu.conversation.heard import heard_text
from kouyu.conversation.limits import Limits
from kouyu.conversation.orders import Identity, OrderNumbers
from kouyu.conversation.speech import Outlet, Speech
from kouyu.protocol.configuration import Configuration
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
from kouyu.protocol.errors import INTERNAL, InvalidField
from kouyu.protocol.uplink import ToolOutput
from kouyu.text.sentences import SentenceSplitter

_FINISH_PACKET: Final = (
    '{"msg_type":"generate_answer_finish","data":"{\\"finish_reason\\":0,\\"FinData\\":\\"\\"}",'
    '"from_module":null,"from_unit":null}'
)
"""The verbose packet that closes a chat's answers (downlink.md 2.3)."""

Phase = Literal["prepared", "running", "ended"]


class Reply:
    """A chat from the question to its end.

    It is a transaction: until ``commit`` it asks the agent and has speech synthesised, but nothing of it can be seen or
    is saved. ``commit`` lets everything out in protocol order; ``abandon`` leaves no trace. Afterwards it ends in
    exactly one of completed, failed and canceled.
    """

    def __init__(
        self,
        *,
        question: str,
        content_type: ContentType,
        configuration: Configuration,
        identity: Identity,
        orders: OrderNumbers,
        limits: Limits,
        now: float,
    ) -> None:
        self._configuration = configuration
        self._identity = identity
        self._limits = limits
        self._orders = orders
        self.phase: Phase = "prepared"
        self._chat = Chat(
            id=identity.new_id(),
            conversation_id=identity.conversation_id,
            bot_id=identity.bot_id,
            created_at=identity.unix_seconds(now),
            meta_data=configuration.chat_config.meta_data or msgspec.UNSET,
            status="created",
            section_id=identity.section_id,
        )
        self.question = self._message("user", "question", question, content_type)
        self._answer = self._message("assistant", "answer", "")
        self._splitter = SentenceSplitter()
        self._speech = Speech(envelope=self._answer, configuration=configuration, orders=orders, limits=limits)
        self._order: int | None = None
        self._progress_at = now
        self._text = ""
        self._answer_finished = False
        self._usage = Usage()
        self._failure: str | None = None
        self._calls: tuple[ToolCall, ...] = ()
        self._tool_rounds: tuple[ToolRound, ...] = ()
        self._held: list[Effect] = []

    # What is asked of it

    def start(self, now: float) -> Iterator[Effect]:
        """Ask the agent."""
        self._order = self._orders.next()
        self._progress_at = now
        yield StartReply(self._order, self.question, self._tool_rounds, self._configuration)

    def commit(self, now: float) -> Iterator[Effect]:
        """The turn is certain: announce the chat and let out all that has been prepared."""
        assert self.phase == "prepared"
        self.phase = "running"
        in_progress = self._with_status("in_progress")
        yield from self._saving(SaveMessage(self.question, self._identity.unix_seconds(now)), SaveChat(in_progress))
        yield Send(DownlinkEvent("conversation.message.completed", self.question))
        yield Send(DownlinkEvent("conversation.chat.created", self._chat))
        yield Send(DownlinkEvent("conversation.chat.in_progress", in_progress))
        yield from self._held
        self._held.clear()

    def refuse(self, reason: str, now: float) -> Iterator[Effect]:
        """The question itself was not understood: a chat that fails at once."""
        assert self.phase == "prepared"
        self.phase = "running"
        yield Send(DownlinkEvent("conversation.chat.created", self._chat))
        yield from self.fail(reason, now)

    def keep_question(self, now: float) -> Iterator[Effect]:
        """The user spoke on before the question could be answered: it stays in the context, and no chat begins."""
        yield from self.abandon()
        yield from self._saving(SaveMessage(self.question, self._identity.unix_seconds(now)))
        yield Send(DownlinkEvent("conversation.message.completed", self.question))

    def abandon(self) -> Iterator[Effect]:
        """The user went on speaking: throw away what was prepared."""
        assert self.phase == "prepared"
        yield from self._stop()
        self._held.clear()

    def cancel(self, now: float, outlet: Outlet) -> Iterator[Effect]:
        """Output is interrupted, during the chat or while its last words still sound on the client's side.

        Keeps in the model's context only what was heard. The ``canceled`` event itself is the caller's.
        """
        assert self.phase != "prepared"
        heard = self._heard(now, outlet)
        running = self.phase != "ended"
        yield from self._stop()
        if running:
            if self._text and not self._answer_finished:
                yield from self._saving(SaveMessage(self._final_answer(), self._identity.unix_seconds(now)))
            yield from self._saving(SaveChat(self._with_status("canceled")))
        if self._text and heard != self._text:
            yield from self._saving(TrimMessage(self._answer.id, heard))

    def fail(self, reason: str, now: float) -> Iterator[Effect]:
        """The turn cannot be completed: ``conversation.chat.failed`` says why."""
        assert self.phase != "prepared"
        yield from self._stop()
        seconds = self._identity.unix_seconds(now)
        chat = msgspec.structs.replace(
            self._with_status("failed"), failed_at=seconds, last_error=LastError(INTERNAL, reason), usage=self._usage
        )
        if self._text and not self._answer_finished:
            yield from self._saving(SaveMessage(self._final_answer(), seconds))
        yield from self._saving(SaveChat(chat))
        yield Send(DownlinkEvent("conversation.chat.failed", chat))

    @property
    def ended(self) -> bool:
        """The chat is over; its last words may still sound."""
        return self.phase == "ended"

    @property
    def chat_id(self) -> str:
        """The id that the chat's events and messages carry."""
        return self._chat.id

    def asked_by(self, order: int) -> bool:
        """Whether a report with this number answers this chat's StartReply."""
        return order == self._order

    # What it is told

    def on_delta(self, text: str, now: float) -> Iterator[Effect]:
        """The next characters of the answer."""
        self._progress_at = now
        if not text:
            return
        self._text += text
        yield from self._show(Send(DownlinkEvent("conversation.message.delta", self._piece(text))))
        for sentence in self._splitter.feed(text):
            self._speech.add(sentence)

    def on_finished(self, input_tokens: int, output_tokens: int, now: float) -> Iterator[Effect]:
        """The agent has said everything."""
        self._order = None
        self._answer_finished = True
        self._usage = Usage(
            token_count=input_tokens + output_tokens, output_count=output_tokens, input_count=input_tokens
        )
        for sentence in self._splitter.flush():
            self._speech.add(sentence)
        self._speech.close()
        seconds = self._identity.unix_seconds(now)
        answer = self._final_answer()
        verbose = self._message("assistant", "verbose", _FINISH_PACKET)
        saves = (SaveMessage(answer, seconds), SaveMessage(verbose, seconds)) if self._text else ()
        yield from self._show(
            Send(DownlinkEvent("conversation.message.delta", self._piece(""))),
            *self._saving(*saves),
            Send(DownlinkEvent("conversation.message.completed", answer)),
            Send(DownlinkEvent("conversation.message.completed", verbose)),
        )
        self._chat = msgspec.structs.replace(self._chat, completed_at=seconds)

    def on_failure(self, reason: str) -> None:
        """The agent could not answer, or not to the end."""
        self._order = None
        self._failure = reason

    def on_tool_calls(self, calls: tuple[ToolCall, ...], now: float) -> Iterator[Effect]:
        """The agent waits for the client's tools (downlink.md 5)."""
        self._progress_at = now
        self._order = None
        self._calls = calls
        action = RequiredAction(submit_tool_outputs=SubmitToolOutputs(calls))
        chat = msgspec.structs.replace(self._with_status("requires_action"), required_action=action)
        event = DownlinkEvent("conversation.chat.requires_action", chat)
        yield from self._show(*self._saving(SaveChat(chat)), Send(event))

    @property
    def waits_for_tools(self) -> bool:
        """The client has been asked to run tools and has not answered."""
        return bool(self._calls) and self.phase == "running"

    def on_tool_outputs(self, outputs: tuple[ToolOutput, ...], now: float) -> Iterator[Effect]:
        """The client's tools have run: the agent goes on.

        Raises InvalidField when the outputs are not those of the calls that wait.
        """
        wanted = {call.id for call in self._calls}
        for output in outputs:
            if output.tool_call_id not in wanted:
                raise InvalidField("data.tool_outputs[].tool_call_id", output.tool_call_id, ", ".join(sorted(wanted)))
        missing = wanted - {output.tool_call_id for output in outputs}
        if missing:
            raise InvalidField("data.tool_outputs", len(outputs), f"an output for {', '.join(sorted(missing))} too")
        self._tool_rounds = (*self._tool_rounds, ToolRound(calls=self._calls, outputs=outputs))
        self._calls = ()
        yield from self._saving(SaveChat(self._with_status("in_progress")))
        yield from self.start(now)

    def on_speech(self, order: int, packet: bytes, duration_ms: float, now: float) -> None:
        """A packet of the answer's speech."""
        self._speech.on_audio(order, packet, duration_ms, now)

    def on_speech_done(self, order: int, *, failed: bool) -> None:
        """A sentence has been synthesised, or has failed and is left out."""
        self._speech.on_done(order, failed=failed)

    # What moves by itself

    def advance(self, now: float, outlet: Outlet) -> Iterator[Effect]:
        """Order the next sentence, send what may be sent, and complete the chat when all is said."""
        if self.phase == "ended":
            return
        yield from self._speech.on_time(now)
        if self.phase == "running":
            yield from self._speech.release(now, outlet)
        yield from self._speech.order_next(now, outlet)
        if self.phase != "running":
            return
        if self._answer_finished and self._speech.finished:
            yield from self._complete()
            return
        reason = self._failure or self._overdue(now)
        if reason is not None:
            yield from self.fail(reason, now)

    def _complete(self) -> Iterator[Effect]:
        self.phase = "ended"
        chat = msgspec.structs.replace(self._with_status("completed"), usage=self._usage)
        yield from self._saving(SaveChat(chat))
        yield Send(DownlinkEvent("conversation.chat.completed", chat))

    def deadline(self, now: float, outlet: Outlet) -> float | None:
        """When time alone moves this chat on; None when it has ended."""
        if self.phase == "ended":
            return None
        times = [self._speech.deadline(now, outlet)]
        if self.phase == "running":
            times += [self._agent_deadline(), self._speech.paced_until(now, outlet)]
        return min((time for time in times if time is not None), default=None)

    def _agent_deadline(self) -> float | None:
        limits = self._limits
        if self._calls:
            return self._progress_at + limits.tool_outputs_s
        if self._order is None:
            return None
        return self._progress_at + (limits.reply_stall_s if self._text else limits.reply_start_s)

    def _overdue(self, now: float) -> str | None:
        """Why this chat has waited for too long, if it has."""
        deadline = self._agent_deadline()
        if deadline is None or now < deadline:
            return None
        if self._calls:
            return f"the client did not submit its tools' outputs within {self._limits.tool_outputs_s:g} s"
        if self._text:
            return f"the agent fell silent in the middle of its answer for {self._limits.reply_stall_s:g} s"
        return f"the agent did not answer within {self._limits.reply_start_s:g} s"

    # Parts

    def _stop(self) -> Iterator[Effect]:
        self.phase = "ended"
        if self._order is not None:
            yield CancelReply(self._order)
            self._order = None
        yield from self._speech.cancel()

    def _heard(self, now: float, outlet: Outlet) -> str:
        heard_ms = max(0.0, self._speech.sent_ms - outlet.clock.remaining_ms(now))
        return heard_text(self._text, self._speech.sentences, heard_ms)

    def _show(self, *effects: Effect) -> Iterator[Effect]:
        """Let effects out that can be seen: later, where the turn is not certain yet."""
        if self.phase == "prepared":
            self._held.extend(effects)
        else:
            yield from effects

    def _saving(self, *effects: Effect) -> Iterator[Effect]:
        """Saving effects, unless this chat is not to be kept (chat_config.auto_save_history)."""
        if self._configuration.chat_config.auto_save_history:
            yield from effects

    def _with_status(self, status: ChatStatus) -> Chat:
        return msgspec.structs.replace(self._chat, status=status)

    def _final_answer(self) -> Message:
        return msgspec.structs.replace(self._answer, content=self._text)

    def _piece(self, text: str) -> Message:
        return msgspec.structs.replace(self._answer, content=text)

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
