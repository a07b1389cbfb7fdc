"""The conversation core: takes uplink events, engine reports and time; returns downlink events and orders.

Pure: no clock, no sockets, no models. Every rule about turns lives in this package and nowhere else.
"""

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from kouyu.conversation.activity import Activity, activity_of
from kouyu.conversation.announcer import Announcer
from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.configuration_state import ConfigurationState
from kouyu.conversation.effects import Effect, SaveMessage, SaveSection, Send, UseInputFormat, Withheld
from kouyu.conversation.hints import UNCOMPLETED_S, Hints
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import (
    AudioReceived,
    ClientFault,
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
    UplinkInput,
)
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.output_slot import OutputSlot, canceled
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.reconfiguration import Reconfiguration
from kouyu.conversation.reply_factory import ReplyFactory
from kouyu.conversation.reply_reports import ReplyReports
from kouyu.conversation.turns import Turns
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import ContentType, Message
from kouyu.protocol.coze.downlink import DownlinkEvent, error
from kouyu.protocol.coze.merge import Merged
from kouyu.protocol.coze.uplink import (
    ConversationChatCancel,
    ConversationClear,
    ConversationMessageCreate,
    InputAudioBufferClear,
    InputAudioBufferComplete,
    InputTextGenerateAudio,
    SubmitToolOutputs,
    UnknownEvent,
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
        self._turns = Turns(orders=orders, limits=limits, output=self._output, make_reply=self._replies.to_speech)
        self._reports = ReplyReports(turns=self._turns, output=self._output)
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
        return self._turns.unanswered or self._output.audible(now)

    def activity(self, now: float) -> Activity:
        """What happens at present."""
        return activity_of(self._turns, self._output, now)

    def read(self, data: Mapping[str, Any]) -> Merged[Configuration]:
        """Parse a ``chat.update``, collecting its faults. Changes nothing; ``ConfigurationUpdate`` applies it."""
        return self._configuration.read(data)

    def names_another_conversation(self, merged: Merged[Configuration]) -> bool:
        """Whether the session must look up the update's conversation: it differs from the one in force and from the one
        in the update before, or belongs to another user."""
        return self._configuration.names_another_conversation(merged)

    def receive(self, received: Input, now: float) -> list[Effect]:
        """Process one input; return its effects for the client and the session.

        Events that the configuration in force before the input does not subscribe to are ``Withheld``.
        """
        owes_notice = self._announcer.owes_notice(self._identity.conversation_id)
        if not owes_notice and self._turns.quiet_audio.takes(received, self.configuration, now):
            return []
        subscribed = self.configuration.event_subscriptions
        effects = [*self._handle(received, self.configuration, now), *self._advance(now)]
        return [_withheld(effect, subscribed) for effect in effects] if subscribed else effects

    def deadline(self, now: float) -> float | None:
        """When the session must send TimePassed unless another input comes before."""
        output = self._output.deadlines(now, *self._turns.prepared_replies())
        times = [*self._turns.deadlines(self.configuration), *output]
        return min((time for time in times if time is not None), default=None)

    def _advance(self, now: float) -> Iterator[Effect]:
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
            case ClientJoined():
                yield Send(DownlinkEvent("chat.created"))
            case ClientLeft():
                yield from self._leave(now)
            case TimePassed():
                yield from self._turns.on_time(configuration, now)
            case _:
                yield from self._handle_uplink(received, configuration, now)

    def _handle_uplink(self, received: UplinkInput, configuration: Configuration, now: float) -> Iterator[Effect]:
        match received:
            case ConfigurationUpdate():
                yield from self._reconfiguration.update(received, now)
            case ConnectionResumed():
                yield from self._reconfiguration.resume(received, now)
            case ClientFault(fault, origin_message):
                yield from self._refuse(fault, origin_message)
            case ReferenceUnknown(what):
                yield from self._hints.tell(f"there is {what} here")
            case UnknownEvent(event_type=event_type):
                yield from self._hints.unknown_event(event_type)
            case InputAudioBufferComplete() | InputAudioBufferClear():
                yield from self._on_buffer_event(received, configuration, now)
            case ConversationMessageCreate(role="assistant"):
                yield from self._insert(received, now)
            case ConversationMessageCreate():
                yield from self._answer(received.content, received.content_type, now)
            case ConversationClear():
                yield from self._turns.forget_preparation()
                self._identity.new_section()
                yield SaveSection(self.conversation_id, self.section_id, self._configuration.user_id)
                yield Send(DownlinkEvent("conversation.cleared"))
            case ConversationChatCancel():
                yield from self._cancel(now)
            case InputTextGenerateAudio(text=text):
                yield from self._announcer.announce(text, configuration, now)
            case SubmitToolOutputs():
                yield from self._submit(received, now)
            case _:
                assert_never(received)

    def _on_buffer_event(
        self, event: InputAudioBufferComplete | InputAudioBufferClear, configuration: Configuration, now: float
    ) -> Iterator[Effect]:
        is_complete = isinstance(event, InputAudioBufferComplete)
        if not is_push_to_talk(configuration.turn_detection):
            yield from self._hints.no_buffer(is_complete, configuration.turn_detection.type)
        elif is_complete:
            if not self._turns.in_buffer:
                yield from self._hints.nothing_to_complete()
            yield from self._turns.complete(configuration, now)
        else:
            yield from self._turns.clear(configuration, now)

    def _refuse(self, fault: ProtocolError, origin_message: str | None) -> Iterator[Effect]:
        """Send an ``error`` event for an uplink event that was rejected whole."""
        yield Send(error(fault.code, fault.msg, origin_message))
        yield from self._hints.refused(fault)

    # Typed input and commands

    def _answer(self, content: str, content_type: ContentType, now: float) -> Iterator[Effect]:
        yield from self._turns.forget_preparation()
        self._turns.interrupt_pending()
        yield from self._output.interrupt(3, now)
        reply = self._replies.to_message(content, content_type, now)
        yield from reply.start(now)
        yield from reply.commit(now)
        self._output.begin(reply, self.configuration.output_audio)

    def _insert(self, created: ConversationMessageCreate, now: float) -> Iterator[Effect]:
        """Add an assistant message to the context without a reply, unless ``auto_save_history`` is off."""
        if not self.configuration.chat_config.auto_save_history:
            return
        yield from self._turns.forget_preparation()
        identity = self._identity
        message = Message(
            id=identity.new_id(),
            conversation_id=identity.conversation_id,
            bot_id=identity.bot_id,
            role="assistant",
            type="answer",
            content=created.content,
            content_type=created.content_type,
            chat_id=NO_ID,
            section_id=identity.section_id,
        )
        yield SaveMessage(message, identity.unix_seconds(now), self._configuration.user_id)

    def _cancel(self, now: float) -> Iterator[Effect]:
        """Send ``canceled`` even when no chat runs: JS clients flush their playback only then (downlink.md 4)."""
        self._turns.interrupt_pending()
        if self._output.audible(now):
            yield from self._output.interrupt(2, now)
        else:
            yield from canceled(2)

    def _leave(self, now: float) -> Iterator[Effect]:
        """End the running chat as canceled. An answer that was sent whole is not trimmed: clients play on after closing
        the connection, and one that stops its playback sends a cancel first."""
        self._turns.interrupt_pending()
        if self._output.running():
            yield from self._output.interrupt(2, now)

    def _submit(self, submitted: SubmitToolOutputs, now: float) -> Iterator[Effect]:
        try:
            yield from self._reports.on_tool_outputs(submitted, now)
        except InvalidField as fault:
            yield from self._refuse(fault, submitted.origin_message)


def _withheld(effect: Effect, subscribed: tuple[str, ...]) -> Effect:
    """Wrap an event outside ``event_subscriptions`` in ``Withheld``; ``error`` is always sent."""
    if not isinstance(effect, Send) or effect.event.event_type in ("error", *subscribed):
        return effect
    assert effect.packet is None, "no audio is made for a client that does not subscribe to it"
    return Withheld(effect.event)
