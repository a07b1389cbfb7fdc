"""The conversation core: takes requests of the client, engine reports and time; returns events and orders.

Pure: no clock, no sockets, no models. Every rule about turns lives in this package and nowhere else.
"""

from collections.abc import Iterator
from typing import assert_never

from kouyu.conversation.activity import Activity, activity_of
from kouyu.conversation.announcer import Announcer
from kouyu.conversation.answers_apart import MANY, AnswersApart
from kouyu.conversation.buffer_requests import BufferRequests
from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.configuration_state import ConfigurationState
from kouyu.conversation.context_requests import ContextRequests
from kouyu.conversation.effects import Effect, SaveSection, Send, UseInputFormat
from kouyu.conversation.hints import UNCOMPLETED_S, Hints
from kouyu.conversation.identity import Identity
from kouyu.conversation.idle_time import IdleTime
from kouyu.conversation.inputs import (
    AudioReceived,
    ClientFault,
    ClientInput,
    ClientJoined,
    ClientLeft,
    ConfigurationUpdate,
    ConnectionResumed,
    Input,
    PacketGone,
    PressureChanged,
    ReferenceUnknown,
    ReplyReport,
    SectionBegan,
    SpeechProbability,
    SpeechReport,
    TimePassed,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.output_slot import OutputSlot, interrupted
from kouyu.conversation.reconfiguration import Reconfiguration
from kouyu.conversation.reply_factory import ReplyFactory
from kouyu.conversation.reply_reports import ReplyReports
from kouyu.conversation.turns import Turns
from kouyu.conversation.waiting_requests import refused
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.events import AnswerCut, Connected, RequestRefused, SectionCleared
from kouyu.domain.requests import (
    Announce,
    AnswerNow,
    CancelAnswer,
    CancelOutput,
    ClearBuffer,
    CompleteBuffer,
    RemoveMessage,
    ReportPlayback,
    StartSection,
    SubmitOutputs,
    UnknownRequest,
    WriteMessage,
)


class Conversation:
    """One connection's conversation. ``now`` is in seconds on a monotonic clock."""

    def __init__(self, *, identity: Identity, capabilities: Capabilities, limits: Limits) -> None:
        self._identity = identity
        self._hints = Hints()
        self._output = OutputSlot()
        self._configuration = ConfigurationState(capabilities, identity)
        self._format_in_use = self._configuration.requested.input_audio
        orders = OrderNumbers()
        self._announcer = Announcer(orders=orders, limits=limits, output=self._output, notice=capabilities.notice)
        self._replies = ReplyFactory(
            identity=identity,
            configuration=self._configuration,
            orders=orders,
            limits=limits,
            opening_lines=self._announcer.opening_lines,
        )
        self._apart = AnswersApart(self._replies, self._configuration)
        self._context = ContextRequests(
            identity=identity,
            configuration=self._configuration,
            output=self._output,
            apart=self._apart,
            make_reply=self._replies,
        )
        self._turns = Turns(
            orders=orders,
            limits=limits,
            output=self._output,
            make_reply=self._replies,
            new_id=identity.new_id,
            options=lambda: self._configuration.options,
            carry_out=self._context.carry_out,
        )
        self._buffer = BufferRequests(self._turns, self._hints)
        self._idle = IdleTime(
            self._turns,
            self._output,
            self._apart,
            options=lambda: self._configuration.options,
            new_id=identity.new_id,
        )
        self._reports = ReplyReports(turns=self._turns, output=self._output, apart=self._apart)
        self._reconfiguration = Reconfiguration(
            self._configuration,
            identity=identity,
            capabilities=capabilities,
            turns=self._turns,
            output=self._output,
            announcer=self._announcer,
            replies=self._replies,
            hints=self._hints,
        )

    @property
    def conversation_id(self) -> str:
        """The conversation this connection is part of."""
        return self._identity.conversation_id

    @property
    def section_id(self) -> str:
        """Its current section."""
        return self._identity.section_id

    @property
    def requested(self) -> Configuration:
        """The configuration that the client has requested so far, in force or not."""
        return self._configuration.requested

    @property
    def configuration(self) -> Configuration:
        """The configuration in force."""
        return self._configuration.in_force

    def in_turn(self, now: float) -> bool:
        """Whether a turn is in progress: the user speaks, or an answer is prepared, sent or still played."""
        return self._turns.unanswered or self._output.audible(now) or bool(self._apart)

    def activity(self, now: float) -> Activity:
        """What happens at present."""
        return activity_of(self._turns, self._output, self._apart, now)

    def check(self, value: object) -> None:
        """Check a top-level object of a configuration that the client requests. Raises InvalidField."""
        self._configuration.check(value)

    def names_another_conversation(self, requested: Configuration) -> bool:
        """Whether the session must look up the conversation of ``requested``: it differs from the one in force and from
        the one requested before, or belongs to another user."""
        return self._configuration.names_another_conversation(requested)

    def receive(self, received: Input, now: float) -> list[Effect]:
        """Process one input; return its effects for the client and the session."""
        owes_notice = self._announcer.owes_notice(self._identity.conversation_id)
        if not owes_notice and self._turns.quiet_audio.takes(received, self.configuration, now):
            return []
        effects = [*self._handle(received, self.configuration, now), *self._advance(now)]
        return self._context.without_removed(effects)

    def deadline(self, now: float) -> float | None:
        """When the session must send TimePassed unless another input comes before."""
        prepared = self._turns.prepared_replies()
        output = [*self._output.deadlines(now, *prepared), *self._apart.deadlines(now)]
        times = [*self._turns.deadlines(self.configuration), *output, self._idle.deadline(self.configuration)]
        return min((time for time in times if time is not None), default=None)

    def _advance(self, now: float) -> Iterator[Effect]:
        yield from self._idle.advance(self.configuration, now)
        yield from self._apart.advance(now)
        yield from self._turns.advance(self.configuration, now)
        yield from self._output.advance(now, *self._turns.prepared_replies())
        if self._turns.wait_for_output_no_longer():
            yield from self._turns.advance(self.configuration, now)
            yield from self._output.advance(now, *self._turns.prepared_replies())
        wanted = self.configuration.input_audio
        if wanted != self._format_in_use and not self._turns.in_buffer:
            self._format_in_use = wanted
            yield UseInputFormat(wanted)

    def _handle(self, received: Input, configuration: Configuration, now: float) -> Iterator[Effect]:
        match received:
            case AudioReceived(end):
                yield from self._announcer.give_notice(configuration, self._identity.conversation_id, now)
                self._turns.on_audio(end, configuration, now)
                if self._turns.buffered_s(end) > UNCOMPLETED_S:
                    yield from self._hints.uncompleted()
            case SpeechProbability():
                yield from self._turns.on_probability(received, configuration, now)
            case PressureChanged(is_high):
                self._turns.under_pressure = is_high
            case TranscriptReady():
                yield from self._turns.on_transcript(received, configuration, now)
            case TranscriptFailed(order, reason):
                self._turns.on_transcript_failed(order, reason)
            case TurnJudged(order, completeness):
                yield from self._turns.on_turn_judged(order, completeness, configuration, now)
            case _ if isinstance(received, ReplyReport):
                yield from self._reports.on_reply(received, now)
            case _ if isinstance(received, SpeechReport):
                self._reports.on_speech(received, now)
            case PacketGone(number, dropped):
                self._output.packet_gone(number, None if dropped else now)
            case SectionBegan(conversation_id, section_id):
                if conversation_id == self._identity.conversation_id and section_id != self._identity.section_id:
                    yield from self._turns.forget_preparation()
                    self._identity.open(conversation_id, section_id)
            case ClientJoined(words):
                self._hints.words = words
                yield Send(Connected())
            case ClientLeft():
                yield from self._leave(now)
            case TimePassed():
                yield from self._turns.on_time(configuration, now)
            case _:
                yield from self._handle_client(received, configuration, now)

    def _handle_client(self, received: ClientInput, configuration: Configuration, now: float) -> Iterator[Effect]:
        match received:
            case ConfigurationUpdate():
                yield from self._reconfiguration.update(received, now)
            case ConnectionResumed():
                yield from self._reconfiguration.resume(received, now)
            case ClientFault(fault, origin):
                yield from self._refuse(fault, origin)
            case ReferenceUnknown(what):
                yield from self._hints.tell(f"there is {what} here")
            case UnknownRequest(name, meant):
                yield from self._hints.unknown_event(name, meant)
            case CompleteBuffer() | ClearBuffer():
                yield from self._buffer.carry_out(received, configuration, now)
            case WriteMessage(answer=True):
                yield from self._turns.forget_preparation()
                yield from self._turns.interrupt_pending()
                yield from self._context.answer_message(received, now)
            case AnswerNow(options=options, origin=origin) if options.is_apart and not self._apart.expect():
                yield refused(origin, MANY)
            case WriteMessage() | AnswerNow():
                yield from self._turns.request(received, now)
            case CancelAnswer(chat_id):
                yield from self._apart.cancel(chat_id, now)
            case RemoveMessage():
                yield from self._turns.forget_preparation()
                yield from self._context.remove(received)
            case ReportPlayback(message_id, played_ms, origin):
                effects = list(self._output.on_playback(message_id, played_ms, now))
                yield from self._turns.forget_preparation() if effects else ()
                yield from effects
                yield Send(AnswerCut(message_id, played_ms, origin))
            case StartSection():
                yield from self._turns.forget_preparation()
                self._identity.new_section()
                yield SaveSection(self.conversation_id, self.section_id, self._configuration.user_id)
                yield Send(SectionCleared())
            case CancelOutput():
                yield from self._cancel(now)
            case Announce(text):
                yield from self._announcer.announce(text, configuration, now)
            case SubmitOutputs():
                yield from self._submit(received, now)
            case _:
                assert_never(received)

    def _refuse(self, fault: ProtocolError, origin: str | None) -> Iterator[Effect]:
        """Tell the client that a request was rejected whole."""
        field = fault.field if isinstance(fault, InvalidField) else ""
        yield Send(RequestRefused(fault.code, fault.msg, field, origin))
        yield from self._hints.refused(fault)

    def _cancel(self, now: float) -> Iterator[Effect]:
        """Send OutputInterrupted even when no chat runs: JS clients flush their playback only then (downlink.md 4)."""
        yield from self._turns.interrupt_pending()
        if self._output.audible(now):
            yield from self._output.interrupt("client", now)
        else:
            yield from interrupted("client")

    def _leave(self, now: float) -> Iterator[Effect]:
        """End the running chat as canceled. An answer that was sent whole is not trimmed: clients play on after closing
        the connection, and one that stops its playback sends a cancel first."""
        yield from self._turns.interrupt_pending()
        yield from self._apart.cancel_all(now)
        if self._output.running():
            yield from self._output.interrupt("client", now)

    def _submit(self, submitted: SubmitOutputs, now: float) -> Iterator[Effect]:
        try:
            yield from self._reports.on_tool_outputs(submitted, now)
        except InvalidField as fault:
            yield from self._refuse(fault, submitted.origin)
