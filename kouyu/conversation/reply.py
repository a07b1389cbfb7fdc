"""The reply to one question: asks the agent, sends and speaks its answer, and ends exactly once."""

from collections.abc import Iterator
from typing import Literal, assert_never

from kouyu.conversation import chat_failures
from kouyu.conversation.agent_answer import AgentAnswer
from kouyu.conversation.asking import Asking
from kouyu.conversation.chat_record import ChatRecord
from kouyu.conversation.effects import CancelReply, CommitReply, Effect
from kouyu.conversation.heard_part import HeardPart
from kouyu.conversation.held_effects import EffectsAt, HeldEffects
from kouyu.conversation.inputs import (
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyReport,
    ReplyToolCalls,
    ReplyToolsCalled,
    ReplyToolsRan,
    ReplyWithdrawn,
    SpeechReport,
)
from kouyu.conversation.limits import Limits
from kouyu.conversation.spoken_item import Outlet, Speech
from kouyu.domain.requests import SubmitOutputs

Phase = Literal["prepared", "running", "ended"]


class Reply:
    """A chat from the question to its end.

    It is a transaction: until ``commit`` it asks the agent and has speech synthesised, but sends and saves nothing.
    ``commit`` releases the buffered effects in protocol order; ``abandon`` discards them. Then it ends exactly once.
    """

    def __init__(
        self, record: ChatRecord, asking: Asking, speech: Speech, *, limits: Limits, now: float, origin: str | None
    ) -> None:
        """``origin``: that of the AnswerNow that asked for it, if one did."""
        self._record = record
        self._messages = record.messages
        self._asking = asking
        self._speech = speech
        self.origin = origin
        self.phase: Phase = "prepared"
        self._answer = AgentAnswer(limits=limits, now=now)
        self._heard = HeardPart(self._answer, self._speech, self._messages)
        self._effects = HeldEffects()
        self._is_cut_off = False

    # What is asked of it

    def start(self, now: float) -> Iterator[Effect]:
        """Ask the agent; after tool calls, ask it again with the outputs of the client's tools."""
        yield from self._asking.start(self._answer, now, is_certain=self.phase == "running")

    def read_ahead(self, *, draft: bool) -> Iterator[Effect]:
        """Prefill the agent's model with the question so far, and draft an answer if ``draft``. This reply itself is
        then discarded."""
        yield from self._asking.read_ahead(draft=draft)

    def commit(self, now: float) -> Iterator[Effect]:
        """Announce the chat and release all buffered effects: the turn is certain.

        Restarts the time-outs of the agent and of the client's tools, since no client has waited for them yet.
        """
        assert self.phase == "prepared"
        self.phase = "running"
        self._answer.progress(now)
        if self._answer.order is not None:
            yield CommitReply(self._answer.order)
        yield from self._record.begin(now, self.origin)
        yield from self._effects.release(now)

    def refuse(self, reason: str, now: float) -> Iterator[Effect]:
        """Announce a chat that fails at once, because the question was not recognised."""
        assert self.phase == "prepared"
        self.phase = "running"
        yield from self._record.begin_without_question(now)
        yield from self._fail(reason, now)

    def keep_question(self, now: float) -> Iterator[Effect]:
        """Save the question as context without beginning a chat: the user spoke on before it was answered."""
        yield from self.abandon()
        self._is_cut_off = True
        yield from self._messages.keep_question(now)

    @property
    def may_be_taken_back(self) -> bool:
        """Whether the chat is running or was interrupted, and none of its answer's audio has been sent."""
        return (self.phase == "running" or self._is_cut_off) and self._speech.sent_ms == 0

    def forget_question(self) -> Iterator[Effect]:
        """Remove the question from the context, keeping its record: a longer question that contains it follows."""
        yield from self._messages.forget_question()

    def abandon(self) -> Iterator[Effect]:
        """Discard everything prepared, because the user went on speaking."""
        assert self.phase == "prepared"
        yield from self._stop()
        self._effects.discard()

    def cancel(self, now: float, outlet: Outlet, *, by_content: bool) -> Iterator[Effect]:
        """Interrupt the chat while it runs or while the client still plays its audio; ``by_content``: by a message or a
        text to be spoken.

        Keeps in the model's context only what was heard. A client that is sent no audio counts as having read the
        answer; so does one that writes after the whole text was sent, even if audio still plays. The caller sends
        OutputInterrupted, but for an answer apart.
        """
        assert self.phase != "prepared"
        was_read = not self._makes_sound(outlet) or (by_content and self._answer.finished)
        running = self.phase == "running"
        self._is_cut_off = running
        yield from self._stop()
        if running:
            yield from self._keep_broken_answer(now)
            yield from self._effects.end_text()
            yield from self._record.cancel(apart=self._asking.is_apart)
        yield from self._heard.cut_off(now, outlet, was_read=was_read)

    def on_playback(self, played_ms: float) -> Iterator[Effect]:
        """Take in how much of the answer's audio the client has played; it has dropped the rest."""
        self._heard.report(played_ms)
        if self.ended:
            yield from self._heard.follow_report()

    def hold_place(self, now: float) -> Iterator[Effect]:
        """Save what there is of the answer: the message that follows it is saved now."""
        if self.phase == "running" and not self._answer.finished:
            yield from self._messages.hold_place(str(self._answer.text), now)

    @property
    def ended(self) -> bool:
        """Whether the chat is over; the client may still be playing its audio."""
        return self.phase == "ended"

    @property
    def has_sounded(self) -> bool:
        """Whether any of its audio has been sent."""
        return self._speech.sent_ms > 0

    @property
    def chat_id(self) -> str:
        """The id that the chat's events and messages carry."""
        return self._record.chat_id

    @property
    def answer_id(self) -> str:
        """The id of the answer's message."""
        return self._messages.answer.id

    def asked_by(self, order: int) -> bool:
        """Whether a report with this number answers this chat's StartReply."""
        return order == self._answer.order

    # Reports

    def on_report(self, report: ReplyReport, now: float) -> Iterator[Effect]:
        """Take in a report of the agent."""
        answer = self._answer
        match report:
            case ReplyDelta(text=text):
                answer.add(text, now)
                if text:
                    yield from self._effects.show(lambda _: self._messages.show_piece(text), now)
                    self._speech.write(text)
            case ReplyWithdrawn(characters=characters):
                yield from self._withdraw(characters, now)
            case ReplyToolsCalled(calls=calls):
                answer.progress(now)
                yield from self._show_tools(lambda then: self._messages.add_calls(calls, then), now)
            case ReplyToolsRan(round=tools):
                answer.add_round(tools, now)
                yield from self._show_tools(lambda then: self._messages.add_outputs(tools.outputs, then), now)
            case ReplyToolCalls():
                yield from self._ask_client(report, now)
            case ReplyFinished(input_tokens=input_tokens, output_tokens=output_tokens, cut=cut):
                answer.spend(input_tokens, output_tokens)
                yield from self._finish(cut, now)
            case ReplyFailed(reason=reason):
                answer.fail(reason)
            case _:
                assert_never(report)

    def _withdraw(self, characters: int, now: float) -> Iterator[Effect]:
        """Remove the last characters of the answer, which were reasoning, as far as they have not been sent."""
        withdrawn = self._answer.withdraw(characters, now)
        if not self._answer.text:
            self._effects.discard()
        yield from self._speech.withdraw(withdrawn)

    def _ask_client(self, asked: ReplyToolCalls, now: float) -> Iterator[Effect]:
        """Ask the client to run tools for the agent (downlink.md 5)."""
        self._answer.spend(asked.input_tokens, asked.output_tokens)
        if not asked.calls:
            self._answer.fail(chat_failures.NO_CALLS)
            return
        if self._asking.is_apart:
            yield from self._finish("", now)
        else:
            self._answer.ask_client(asked.calls, now)
            self._speech.end_passage()
        yield from self._show_tools(lambda then: self._messages.add_calls(asked.calls, then), now)
        yield from self._effects.show(lambda _: self._record.require_action(asked.calls, self._answer.usage), now)

    @property
    def waits_for_tools(self) -> bool:
        """Whether the chat waits for the client's tool outputs."""
        return self._answer.waits_for_client and self.phase == "running"

    def on_tool_outputs(self, submitted: SubmitOutputs, now: float) -> Iterator[Effect]:
        """Take in the outputs of the client's tools and let the agent continue.

        Raises InvalidField unless the outputs match the awaited calls.
        """
        tools = self._answer.submit(submitted.outputs)
        self._asking.continue_with(submitted.options)
        self._speech.configuration = self._asking.configuration
        yield from self._record.go_on()
        yield from self._show_tools(lambda then: self._messages.add_outputs(tools.outputs, then), now)
        yield from self.start(now)

    def on_speech(self, report: SpeechReport, now: float) -> None:
        """Take in a report of the synthesis of its answer; a sentence that failed is left out."""
        self._speech.on_report(report, now)

    # Progress by time

    def advance(self, now: float, outlet: Outlet) -> Iterator[Effect]:
        """Order the next sentence, send what may be sent, and end the chat when all is sent or the agent has failed."""
        assert not self.ended
        if not self._makes_sound(outlet):
            yield from self._speech.be_silent()
        yield from self._speech.on_time(now)
        if self.phase == "running":
            yield from self._speech.release(now, outlet)
        yield from self._speech.order_next(now, outlet)
        if self.phase != "running":
            return
        if self._answer.finished and self._speech.finished:
            self.phase = "ended"
            yield from self._heard.follow_report()
            unspoken = self._speech.failure
            yield from self._record.complete(self._answer.usage, unspoken=unspoken, cut=self._answer.cut)
            return
        reason = self.failure(now)
        if reason is not None:
            yield from self._fail(reason, now)

    def deadline(self, now: float, outlet: Outlet) -> float | None:
        """When ``advance`` must be called if no event comes before, while the chat is not over; None: never."""
        assert not self.ended
        times = [self._answer.deadline(is_certain=self.phase == "running"), self._speech.deadline(outlet)]
        if self.phase == "running":
            times.append(self._speech.paced_until(now, outlet))
        return min((time for time in times if time is not None), default=None)

    def failure(self, now: float) -> str | None:
        """Why the agent's answer will not be completed; None while it still may be."""
        return self._answer.failure(now, is_certain=self.phase == "running")

    # Parts

    def _fail(self, reason: str, now: float) -> Iterator[Effect]:
        assert self.phase == "running"
        yield from self._speech.break_off()
        yield from self._stop()
        yield from self._keep_broken_answer(now)
        yield from self._effects.end_text()
        yield from self._record.fail(reason, self._answer.usage, now)

    def _stop(self) -> Iterator[Effect]:
        self.phase = "ended"
        if self._answer.order is not None:
            yield CancelReply(self._answer.order)
            self._answer.order = None
        yield from self._speech.cancel()

    def _keep_broken_answer(self, now: float) -> Iterator[Effect]:
        if not self._answer.finished:
            yield from self._messages.keep_answer(str(self._answer.text), now)

    def _makes_sound(self, outlet: Outlet) -> bool:
        return outlet.sends_sound and self._asking.for_speech

    def _finish(self, cut: str, now: float) -> Iterator[Effect]:
        self._answer.finish(cut)
        self._speech.close()
        yield from self._effects.show(self._show_end, now)

    def _show_end(self, now: float) -> Iterator[Effect]:
        yield from self._messages.finish_answer(str(self._answer.text), now)
        yield from self._effects.end_text()
        yield from self._record.finish_messages(now)

    def _show_tools(self, effects: EffectsAt, now: float) -> Iterator[Effect]:
        yield from self._effects.show_tools(effects, now, text_has_begun=bool(self._answer.text))
