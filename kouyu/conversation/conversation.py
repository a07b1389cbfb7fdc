"""The conversation core: takes uplink events, engine reports and time; returns downlink events and orders.

Pure: no clock, no sockets, no models. Every rule about turns lives in this package and nowhere else.
"""

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from kouyu.conversation.announcement import Announcement
from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.effects import Effect, SaveMessage, SaveSection, Send, UseInputFormat, Withheld
from kouyu.conversation.hints import UNCOMPLETED_S, Hints, quoted
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import (
    AudioReceived,
    ClientFault,
    ClientJoined,
    ClientLeft,
    ConfigurationUpdate,
    ConnectionResumed,
    Input,
    NotOpened,
    OpenedConversation,
    PacketGone,
    PressureChanged,
    ReferenceUnknown,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyReport,
    ReplyToolCalls,
    ReplyToolsCalled,
    ReplyToolsRan,
    ReplyWithdrawn,
    SectionBegan,
    SpeechAudio,
    SpeechFailed,
    SpeechFinished,
    SpeechProbability,
    TimePassed,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.output_slot import OutputSlot, canceled
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.reply import Reply
from kouyu.conversation.turns import Turns
from kouyu.protocol.configuration import Configuration
from kouyu.protocol.downlink import ContentType, DownlinkEvent, Message, error
from kouyu.protocol.effective import effective, to_wire
from kouyu.protocol.errors import InvalidField, ProtocolError, all_in_one
from kouyu.protocol.ids import NO_ID
from kouyu.protocol.merge import Merged, merge
from kouyu.protocol.uplink import (
    ConversationChatCancel,
    ConversationClear,
    ConversationMessageCreate,
    InputAudioBufferClear,
    InputAudioBufferComplete,
    InputTextGenerateAudio,
    SubmitToolOutputs,
    UnknownEvent,
)
from kouyu.protocol.user_voice import UNKNOWN_VOICE, UserVoice

log = logging.getLogger(__name__)

_CHATS_REMEMBERED: Final = 8
"""Chats that have requested tools: tells outputs that come too late from outputs that match no chat."""


class Conversation:
    """One connection's conversation. ``now`` is in seconds on a monotonic clock."""

    def __init__(self, *, identity: Identity, capabilities: Capabilities, limits: Limits) -> None:
        self._identity = identity
        self._capabilities = capabilities
        self._limits = limits
        self._orders = OrderNumbers()
        self._requested = Configuration()
        self.configuration = capabilities.in_force(self._requested, identity.conversation_id)
        """The configuration in force. Derived from the requested one; cached, because every input reads it."""
        self._prologue_played = ""
        self._prologue_item: Announcement | None = None
        self._hints = Hints()
        self._format_in_use = self._requested.input_audio
        self._chats_with_tools: deque[str] = deque(maxlen=_CHATS_REMEMBERED)
        self._output = OutputSlot()
        self._turns = Turns(orders=self._orders, limits=limits, output=self._output, make_reply=self._make_spoken_reply)

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
        return self._requested

    def receive(self, received: Input, now: float) -> list[Effect]:
        """Process one input; return its effects for the client and the session.

        Events that the configuration in force before the input does not subscribe to are ``Withheld``.
        """
        subscribed = self.configuration.event_subscriptions
        effects = [*self._handle(received, self.configuration, now), *self._advance(now)]
        return [self._withheld(effect, subscribed, now) for effect in effects] if subscribed else effects

    def _withheld(self, effect: Effect, subscribed: tuple[str, ...], now: float) -> Effect:
        """Wrap an event outside ``event_subscriptions`` in ``Withheld``; ``error`` is always sent."""
        if not isinstance(effect, Send) or effect.event.event_type in ("error", *subscribed):
            return effect
        if effect.packet is not None:
            self._output.packet_gone(effect.packet, now)
        return Withheld(effect.event)

    def deadline(self, now: float) -> float | None:
        """When the session must send TimePassed unless another input comes before."""
        times = [
            *self._turns.deadlines(self.configuration),
            *self._output.deadlines(now, *self._turns.prepared_replies()),
        ]
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
                yield from self._on_reply(received, now)
            case SpeechAudio() | SpeechFinished() | SpeechFailed():
                self._on_speech(received, now)
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

    def _handle_uplink(self, received: Input, configuration: Configuration, now: float) -> Iterator[Effect]:
        match received:
            case ConfigurationUpdate():
                yield from self._configure(received, now)
            case ConnectionResumed():
                yield from self._resume(received, now)
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
                identity = self._identity
                identity.new_section()
                yield SaveSection(identity.conversation_id, identity.section_id, _user_of(configuration))
                yield Send(DownlinkEvent("conversation.cleared"))
            case ConversationChatCancel():
                yield from self._cancel(now)
            case InputTextGenerateAudio(text=text):
                yield from self._announce(text, configuration, now)
            case SubmitToolOutputs():
                yield from self._submit(received, now)

    # The configuration

    def read(self, data: Mapping[str, Any]) -> Merged[Configuration]:
        """Parse a ``chat.update``, collecting its faults. Changes nothing; ``ConfigurationUpdate`` applies it."""
        return merge(self._requested, data, self._capabilities.check)

    def names_another_conversation(self, merged: Merged[Configuration]) -> bool:
        """Whether the session must look up the update's conversation: it differs from the one in force and from the one
        in the update before, or belongs to another user."""
        wanted = merged.configuration.chat_config.conversation_id
        known = self._requested.chat_config.conversation_id, self._identity.conversation_id
        return wanted is not None and (wanted not in known or self._is_for_another_user(merged.configuration))

    def _is_for_another_user(self, requested: Configuration) -> bool:
        return _user_of(self.configuration) not in ("", _user_of(requested))

    def _configure(self, update: ConfigurationUpdate, now: float) -> Iterator[Effect]:
        """Apply the valid objects of a ``chat.update``; report the others to the client."""
        requested, faults = update.merged.configuration, update.merged.faults
        if faults:
            fault = all_in_one(faults)
            yield Send(error(fault.code, fault.msg, update.origin_message))
            for one in faults:
                yield from self._hints.refused(one, f"chat.update, {one.object_name} stays as it was")
        for message in update.misspelt:
            yield from self._hints.tell(message)
        yield from self._change_conversation(update.conversation, requested)
        if self._capabilities.is_unknown_voice(voice_id := requested.output_audio.voice_id):
            default = self._capabilities.default_voice_id
            yield from self._hints.tell(f"there is no voice {quoted(voice_id or '')} here: {default} speaks")
        yield from self._apply(requested, now)
        yield Send(DownlinkEvent("chat.updated", to_wire(self.configuration)))
        yield from self._play_prologue(now)

    def _resume(self, resumed: ConnectionResumed, now: float) -> Iterator[Effect]:
        """Take over the state of a lost connection. Sends no event: to the client it is the same session."""
        opened = resumed.conversation
        self._identity.open(opened.conversation_id, opened.section_id)
        yield from self._apply(self._capabilities.without_refused_voice(resumed.requested), now)
        self._prologue_played = self._prologue
        yield from self._hints.tell(
            f"no chat.update came: the configuration and the conversation {opened.conversation_id} are those of this"
            " client's connection that was lost before"
        )

    @property
    def _prologue(self) -> str:
        """The opening line to speak, or ""."""
        configuration = self.configuration
        return (configuration.prologue_content or "").strip() if configuration.need_play_prologue else ""

    def _apply(self, requested: Configuration, now: float) -> Iterator[Effect]:
        """Set the requested configuration and derive the one in force."""
        before = self.configuration
        if requested != self._requested:
            yield from self._turns.forget_preparation()
        after = self._capabilities.in_force(effective(requested), self._identity.conversation_id)
        if is_push_to_talk(after.turn_detection) != is_push_to_talk(before.turn_detection):
            goes_on = after.input_audio == before.input_audio
            yield from self._turns.change_mode(before, now, goes_on=goes_on)
        self._requested, self.configuration = requested, after
        self._output.follow_subscriptions(after.event_subscriptions)

    def _play_prologue(self, now: float) -> Iterator[Effect]:
        """Speak the opening line, once per text, if nothing sounds or only an earlier opening line does."""
        prologue = self._prologue
        if prologue in ("", self._prologue_played):
            return
        if self._output.audible(now) and not self._output.says(self._prologue_item):
            return
        yield from self._output.interrupt(3, now)
        self._prologue_played = prologue
        self._prologue_item = self._begin_announcement(prologue, self.configuration)

    def _change_conversation(
        self, found: OpenedConversation | NotOpened | None, requested: Configuration
    ) -> Iterator[Effect]:
        """Switch to the conversation that an update names, or to a new one. The running chat, and turns that wait for a
        transcript, finish in the old conversation and for its user."""
        old = self._identity.as_it_is()
        match found:
            case OpenedConversation(conversation_id, section_id):
                self._identity.open(conversation_id, section_id)
            case NotOpened(why):
                self._identity.new_conversation()
                yield from self._tell_of_new_conversation(requested.chat_config.conversation_id or "", why)
            case None if self._is_for_another_user(requested):
                self._identity.new_conversation()
            case None:
                return
        if self._identity.conversation_id != old.conversation_id:
            self._turns.finish_in_old_conversation(partial(self._make_spoken_reply, place=(old, self.configuration)))

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

    def _tell_of_new_conversation(self, named: str, why: str) -> Iterator[Effect]:
        begun = self._identity.conversation_id
        yield from self._hints.tell(f"conversation_id {quoted(named)} {why}: the new conversation {begun} was begun")

    def _refuse(self, fault: ProtocolError, origin_message: str | None) -> Iterator[Effect]:
        """Send an ``error`` event for an uplink event that was rejected whole."""
        yield Send(error(fault.code, fault.msg, origin_message))
        yield from self._hints.refused(fault)

    # Typed input and commands

    def _answer(self, content: str, content_type: ContentType, now: float) -> Iterator[Effect]:
        yield from self._turns.forget_preparation()
        self._turns.interrupt_pending()
        yield from self._output.interrupt(3, now)
        configuration = self.configuration
        reply = self._make_reply(content, content_type, self._identity, configuration, now)
        yield from reply.start(now)
        yield from reply.commit(now)
        self._output.begin(reply, configuration.output_audio)

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
        yield SaveMessage(message, identity.unix_seconds(now), _user_of(self.configuration))

    def _announce(self, text: str, configuration: Configuration, now: float) -> Iterator[Effect]:
        yield from self._output.interrupt(3, now)
        self._begin_announcement(text, configuration)

    def _begin_announcement(self, text: str, configuration: Configuration) -> Announcement:
        item = Announcement(text, configuration=configuration, orders=self._orders, limits=self._limits)
        self._output.begin(item, configuration.output_audio)
        return item

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
        reply = self._output.reply()
        if reply is None or not reply.waits_for_tools or reply.chat_id != submitted.chat_id:
            if submitted.chat_id in self._chats_with_tools:
                # An error would end the call of a JS client whose answer has crossed with an interruption.
                log.info("ignored tool outputs for a chat that no longer waits for them")
                return
            waiting = reply.chat_id if reply is not None and reply.waits_for_tools else "none: no chat waits for tools"
            fault = InvalidField("data.chat_id", submitted.chat_id, waiting)
            yield from self._refuse(fault, submitted.origin_message)
            return
        try:
            yield from reply.on_tool_outputs(submitted.tool_outputs, now)
        except InvalidField as fault:
            yield from self._refuse(fault, submitted.origin_message)

    # Reports

    def _on_reply(self, report: ReplyReport, now: float) -> Iterator[Effect]:
        candidates = [*self._turns.prepared_replies(), self._output.reply()]
        reply = next((one for one in candidates if one is not None and one.asked_by(report.order)), None)
        if reply is None:
            return
        match report:
            case ReplyDelta(text=text):
                yield from reply.on_delta(text, now)
            case ReplyWithdrawn(characters=characters):
                yield from reply.on_withdrawn(characters, now)
            case ReplyToolsCalled(calls=calls):
                yield from reply.on_tools_called(calls, now)
            case ReplyToolsRan(round=tools):
                yield from reply.on_tools_ran(tools, now)
            case ReplyToolCalls():
                self._chats_with_tools.append(reply.chat_id)
                yield from reply.on_tool_calls(report, now)
            case ReplyFinished(input_tokens=input_tokens, output_tokens=output_tokens):
                yield from reply.on_finished(input_tokens, output_tokens, now)
            case ReplyFailed(reason=reason):
                reply.on_failure(reason)

    def _on_speech(self, report: SpeechAudio | SpeechFinished | SpeechFailed, now: float) -> None:
        items: list[OutputSlot | Reply] = [self._output, *self._turns.prepared_replies()]
        for item in items:
            match report:
                case SpeechAudio(order, packet, duration_ms):
                    item.on_speech(order, packet, duration_ms, now)
                case SpeechFinished(order):
                    item.on_speech_done(order)
                case SpeechFailed(order, reason):
                    item.on_speech_done(order, reason)

    # Chats

    def _make_spoken_reply(
        self,
        transcript: str,
        now: float,
        voice: UserVoice = UNKNOWN_VOICE,
        place: tuple[Identity, Configuration] | None = None,
    ) -> Reply:
        """``place``: the conversation and user of the reply; default: the current ones."""
        identity, configuration = place or (self._identity, self.configuration)
        return self._make_reply(transcript, "text", identity, configuration, now, voice)

    def _make_reply(
        self,
        question: str,
        content_type: ContentType,
        identity: Identity,
        configuration: Configuration,
        now: float,
        voice: UserVoice = UNKNOWN_VOICE,
    ) -> Reply:
        return Reply(
            question=question,
            content_type=content_type,
            voice=voice,
            configuration=configuration,
            identity=identity,
            orders=self._orders,
            limits=self._limits,
            now=now,
        )


def _user_of(configuration: Configuration) -> str:
    return configuration.chat_config.user_id or ""
