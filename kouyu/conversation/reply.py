"""The reply to one question: asks the agent, sends and speaks its answer, and ends exactly once."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from kouyu.conversation.chat_record import ChatRecord
from kouyu.conversation.client_tools import ClientTools
from kouyu.conversation.effects import CancelReply, CommitReply, Effect, ReadAhead, Send, StartReply
from kouyu.conversation.heard import heard_text
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import ReplyToolCalls
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.spoken_item import Outlet, Speech
from kouyu.protocol.configuration import Configuration
from kouyu.protocol.downlink import ContentType, ToolCall, Usage
from kouyu.protocol.tool_round import ToolRound
from kouyu.protocol.uplink import ToolOutput
from kouyu.protocol.user_voice import UNKNOWN_VOICE, UserVoice
from kouyu.text.growing_text import GrowingText

Phase = Literal["prepared", "running", "ended"]
EffectsAt = Callable[[float], Iterable[Effect]]
"""Makes client-visible effects when they are released, so that they carry the time of the release."""


class Reply:
    """A chat from the question to its end.

    It is a transaction: until ``commit`` it asks the agent and has speech synthesised, but sends and saves nothing.
    ``commit`` releases the buffered effects in protocol order; ``abandon`` discards them. After ``commit`` it ends in
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
        voice: UserVoice = UNKNOWN_VOICE,
    ) -> None:
        self._configuration = configuration
        self._limits = limits
        self._orders = orders
        self._record = ChatRecord(
            question,
            content_type,
            chat_config=configuration.chat_config,
            identity=identity,
            voice=voice,
        )
        self._tools = ClientTools()
        self._speech = Speech(envelope=self._record.answer, configuration=configuration, orders=orders, limits=limits)
        self.phase: Phase = "prepared"
        self._order: int | None = None
        self._progress_at = now
        self._text = GrowingText()
        self._answer_finished = False
        self._usage = Usage()
        self._failure: str | None = None
        self._held: list[EffectsAt] = []
        self._is_cut_off = False
        self._told_later: list[Send] = []
        """Messages about tools that ran in the middle of the answer, sent after its last piece."""

    # What is asked of it

    def start(self, now: float) -> Iterator[Effect]:
        """Ask the agent; after tool calls, ask it again with the outputs of the client's tools."""
        self._order = self._orders.next()
        self._progress_at = now
        yield StartReply(self._order, self._record.question, self._tools.rounds, self._configuration)
        if self.phase == "running":
            yield CommitReply(self._order)

    def read_ahead(self) -> Iterator[Effect]:
        """Prefill the agent's model with the unfinished question. This reply itself is then discarded."""
        yield ReadAhead(self._record.question, self._configuration)

    def commit(self, now: float) -> Iterator[Effect]:
        """Announce the chat and release all buffered effects: the turn is certain.

        Restarts the time-outs of the agent and of the client's tools, since no client has waited for them yet.
        """
        assert self.phase == "prepared"
        self.phase = "running"
        self._progress_at = now
        if self._order is not None:
            yield CommitReply(self._order)
        yield from self._record.begin(now)
        held, self._held = self._held, []
        for effects in held:
            yield from effects(now)

    def refuse(self, reason: str, now: float) -> Iterator[Effect]:
        """Announce a chat that fails at once, because the question was not recognised."""
        assert self.phase == "prepared"
        self.phase = "running"
        yield from self._record.begin_without_question(now)
        yield from self.fail(reason, now)

    def keep_question(self, now: float) -> Iterator[Effect]:
        """Save the question as context without beginning a chat: the user spoke on before it was answered."""
        yield from self.abandon()
        self._is_cut_off = True
        yield from self._record.keep_question(now)

    @property
    def may_be_taken_back(self) -> bool:
        """Whether the chat is running or was interrupted, and none of its answer's audio has been sent."""
        return (self.phase == "running" or self._is_cut_off) and self._speech.sent_ms == 0

    def forget_question(self) -> Iterator[Effect]:
        """Remove the question from the context, keeping its record: a longer question that contains it follows."""
        yield from self._record.forget_question()

    def abandon(self) -> Iterator[Effect]:
        """Discard everything prepared, because the user went on speaking."""
        assert self.phase == "prepared"
        yield from self._stop()
        self._held.clear()

    def cancel(self, now: float, outlet: Outlet, *, by_content: bool) -> Iterator[Effect]:
        """Interrupt the chat while it runs or while the client still plays its audio; ``by_content``: by a message or a
        text to be spoken.

        Keeps in the model's context only what was heard. A client that is sent no audio counts as having read the
        answer; so does one that writes after the whole text was sent, even if audio still plays. The caller sends the
        ``canceled`` event.
        """
        assert self.phase != "prepared"
        was_read = not outlet.sends_sound or (by_content and self._answer_finished)
        heard = str(self._text) if was_read else self._heard(now, outlet)
        running = self.phase == "running"
        self._is_cut_off = running
        yield from self._stop()
        if running:
            yield from self._keep_broken_answer(now)
            yield from self._tell_rest()
            yield from self._record.cancel()
        if heard != str(self._text):
            yield from self._record.trim_answer(heard)

    def fail(self, reason: str, now: float) -> Iterator[Effect]:
        """End the chat with ``conversation.chat.failed`` and this ``reason``."""
        assert self.phase == "running"
        yield from self._speech.break_off()
        yield from self._stop()
        yield from self._keep_broken_answer(now)
        yield from self._tell_rest()
        yield from self._record.fail(reason, self._usage, now)

    @property
    def ended(self) -> bool:
        """Whether the chat is over; the client may still be playing its audio."""
        return self.phase == "ended"

    @property
    def chat_id(self) -> str:
        """The id that the chat's events and messages carry."""
        return self._record.chat_id

    def asked_by(self, order: int) -> bool:
        """Whether a report with this number answers this chat's StartReply."""
        return order == self._order

    # Reports

    def on_delta(self, text: str, now: float) -> Iterator[Effect]:
        """Take in the next characters of the answer."""
        self._progress_at = now
        if not text:
            return
        self._text.add(text)
        yield from self._show(lambda _: self._record.show_piece(text), now)
        self._speech.write(text)

    def on_withdrawn(self, characters: int, now: float) -> Iterator[Effect]:
        """Remove the last characters of the answer, which were reasoning, as far as they have not been sent."""
        self._progress_at = now
        withdrawn = self._text.withdraw(characters)
        if self.phase == "prepared" and not self._text:
            self._held.clear()
        yield from self._speech.withdraw(withdrawn)

    def on_finished(self, input_tokens: int, output_tokens: int, now: float) -> Iterator[Effect]:
        """Take in the end of the agent's answer."""
        self._order = None
        self._answer_finished = True
        self._spend(input_tokens, output_tokens)
        self._speech.close()
        answer = str(self._text)
        yield from self._show(lambda then: self._finish(answer, then), now)

    def on_failure(self, reason: str) -> None:
        """Take in that the agent failed, before or in the middle of its answer."""
        self._order = None
        self._failure = reason

    def on_tools_called(self, calls: tuple[ToolCall, ...], now: float) -> Iterator[Effect]:
        """Take in that the agent runs tools on the server."""
        self._progress_at = now
        yield from self._show_tools(lambda then: self._record.add_calls(calls, then), now)

    def on_tools_ran(self, tools: ToolRound, now: float) -> Iterator[Effect]:
        """Take in the outputs of tools on the server."""
        self._progress_at = now
        self._tools.ran(tools)
        yield from self._show_tools(lambda then: self._record.add_outputs(tools.outputs, then), now)

    def on_tool_calls(self, asked: ReplyToolCalls, now: float) -> Iterator[Effect]:
        """Ask the client to run tools for the agent (downlink.md 5)."""
        self._spend(asked.input_tokens, asked.output_tokens)
        if not asked.calls:
            self.on_failure("the agent requested tools but listed none")
            return
        self._order = None
        self._progress_at = now
        self._tools.ask(asked.calls)
        self._speech.end_passage()
        yield from self._show_tools(lambda then: self._record.add_calls(asked.calls, then), now)
        yield from self._show(lambda _: self._record.require_action(asked.calls), now)

    @property
    def waits_for_tools(self) -> bool:
        """Whether the chat waits for the client's tool outputs."""
        return self._tools.are_awaited and self.phase == "running"

    def on_tool_outputs(self, outputs: tuple[ToolOutput, ...], now: float) -> Iterator[Effect]:
        """Take in the outputs of the client's tools and let the agent continue.

        Raises InvalidField unless the outputs match the awaited calls.
        """
        tools = self._tools.submit(outputs)
        yield from self._record.go_on()
        yield from self._show_tools(lambda then: self._record.add_outputs(tools.outputs, then), now)
        yield from self.start(now)

    def on_speech(self, order: int, packet: bytes, duration_ms: float, now: float) -> None:
        """Take in a packet of the answer's speech."""
        self._speech.on_audio(order, packet, duration_ms, now)

    def on_speech_done(self, order: int, failure: str | None = None) -> None:
        """Take in the end of a sentence's synthesis; a sentence that failed is left out."""
        self._speech.on_done(order, failure)

    # Progress by time

    def advance(self, now: float, outlet: Outlet) -> Iterator[Effect]:
        """Order the next sentence, send what may be sent, and end the chat when all is sent or the agent has failed."""
        assert not self.ended
        if not outlet.sends_sound:
            yield from self._speech.be_silent()
        yield from self._speech.on_time(now)
        if self.phase == "running":
            yield from self._speech.release(now, outlet)
        yield from self._speech.order_next(now, outlet)
        if self.phase != "running":
            return
        if self._answer_finished and self._speech.finished:
            self.phase = "ended"
            yield from self._record.complete(self._usage, unspoken=self._speech.failure)
            return
        reason = self.failure(now)
        if reason is not None:
            yield from self.fail(reason, now)

    def deadline(self, now: float, outlet: Outlet) -> float | None:
        """When ``advance`` must be called if no event comes before, while the chat is not over; None: never."""
        assert not self.ended
        times = [self._agent_deadline(), self._speech.deadline(outlet)]
        if self.phase == "running":
            times.append(self._speech.paced_until(now, outlet))
        return min((time for time in times if time is not None), default=None)

    def _agent_deadline(self) -> float | None:
        limits = self._limits
        if self._tools.are_awaited:
            # The client is asked only after the turn is certain.
            return self._progress_at + limits.tool_outputs_s if self.phase == "running" else None
        if self._order is None:
            return None
        return self._progress_at + (limits.reply_stall_s if self._text else limits.reply_start_s)

    def failure(self, now: float) -> str | None:
        """Why the agent's answer will not be completed; None while it still may be."""
        deadline = self._agent_deadline()
        if self._failure is not None or deadline is None or now < deadline:
            return self._failure
        if self._tools.are_awaited:
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

    def _keep_broken_answer(self, now: float) -> Iterator[Effect]:
        if self._text and not self._answer_finished:
            yield from self._record.keep_answer(str(self._text), now)

    def _spend(self, input_tokens: int, output_tokens: int) -> None:
        input_count, output_count = self._usage.input_count + input_tokens, self._usage.output_count + output_tokens
        self._usage = Usage(token_count=input_count + output_count, output_count=output_count, input_count=input_count)

    def _heard(self, now: float, outlet: Outlet) -> str:
        heard_ms = max(0.0, self._speech.sent_ms - outlet.clock.remaining_ms(now))
        return heard_text(str(self._text), self._speech.sentences, heard_ms)

    def _finish(self, answer: str, now: float) -> Iterator[Effect]:
        yield from self._record.finish_answer(answer, now)
        yield from self._tell_rest()
        yield from self._record.finish_messages(now)

    def _show_tools(self, effects: EffectsAt, now: float) -> Iterator[Effect]:
        """Save messages about tools at once, but send them before the answer's first piece or after its last: a message
        between two pieces splits the answer on JS clients' screens (downlink.md 6.3)."""
        has_begun = bool(self._text)

        def shown(then: float) -> Iterator[Effect]:
            for effect in effects(then):
                if has_begun and isinstance(effect, Send):
                    self._told_later.append(effect)
                else:
                    yield effect

        yield from self._show(shown, now)

    def _tell_rest(self) -> Iterator[Effect]:
        yield from self._told_later
        self._told_later = []

    def _show(self, effects: EffectsAt, now: float) -> Iterator[Effect]:
        """Release client-visible effects, or buffer them until ``commit``."""
        if self.phase == "prepared":
            self._held.append(effects)
        else:
            yield from effects(now)
