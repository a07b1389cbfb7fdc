"""Applies a requested configuration, or the state of a lost connection, and changes the conversation."""

from collections.abc import Iterator

from kouyu.conversation.announcer import Announcer
from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.configuration_state import ConfigurationState
from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.hints import Hints, quoted
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import ConfigurationUpdate, ConnectionResumed, NotOpened, OpenedConversation
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.reply_factory import ReplyFactory
from kouyu.conversation.turns import Turns
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import all_in_one
from kouyu.domain.events import Configured, RequestRefused, Resumed
from kouyu.domain.options import SessionOptions


class Reconfiguration:
    """Changes a connection's configuration and conversation, and what follows from them on every side."""

    def __init__(
        self,
        configuration: ConfigurationState,
        *,
        identity: Identity,
        capabilities: Capabilities,
        turns: Turns,
        output: OutputSlot,
        announcer: Announcer,
        replies: ReplyFactory,
        hints: Hints,
    ) -> None:
        self._configuration = configuration
        self._identity = identity
        self._capabilities = capabilities
        self._turns = turns
        self._output = output
        self._announcer = announcer
        self._replies = replies
        self._hints = hints

    def update(self, update: ConfigurationUpdate, now: float) -> Iterator[Effect]:
        """Apply the valid parts of a requested configuration; report the others to the client."""
        requested, faults = update.requested, update.faults
        if faults:
            fault = all_in_one(faults)
            field = faults[0].field if len(faults) == 1 else ""
            yield Send(RequestRefused(fault.code, fault.msg, field, update.origin))
            for one in faults:
                yield from self._hints.partly_refused(one)
        for message in update.misspelt:
            yield from self._hints.tell(message)
        yield from self._change_conversation(update.conversation, requested)
        if self._capabilities.is_unknown_voice(voice_id := requested.output_audio.voice_id):
            speaks = f"{self._capabilities.default_voice_id} speaks; engines.voice_aliases can name one for it"
            yield from self._hints.tell(f"there is no voice {quoted(voice_id or '')} here: {speaks}")
        yield from self._apply(requested, update.options, now)
        yield Send(Configured(self._configuration.in_force, update.options))
        yield from self._announcer.play_prologue(self._configuration.in_force, self._identity, now)

    def resume(self, resumed: ConnectionResumed, now: float) -> Iterator[Effect]:
        """Take over the state of a lost connection. To the client it is the same session."""
        opened = resumed.conversation
        self._identity.open(opened.conversation_id, opened.section_id)
        requested = self._capabilities.without_refused_voice(resumed.requested)
        yield from self._apply(requested, resumed.options, now)
        yield Send(Resumed(self._configuration.in_force, resumed.options))
        self._announcer.skip_prologue(self._configuration.in_force, self._identity)
        self._announcer.skip_notice(opened.conversation_id)
        yield from self._hints.resumed(opened.conversation_id)

    def _apply(self, requested: Configuration, options: SessionOptions, now: float) -> Iterator[Effect]:
        before = self._configuration.in_force
        if (requested, options) != (self._configuration.requested, self._configuration.options):
            yield from self._turns.forget_preparation()
        self._configuration.change(requested, options)
        after = self._configuration.in_force
        if is_push_to_talk(after.turn_detection) != is_push_to_talk(before.turn_detection):
            goes_on = after.input_audio == before.input_audio
            yield from self._turns.change_mode(before, now, goes_on=goes_on)
        self._output.follow_options(options)
        self._turns.follow_options(options)

    def _change_conversation(
        self, found: OpenedConversation | NotOpened | None, requested: Configuration
    ) -> Iterator[Effect]:
        """Switch to the conversation that an update names, or to a new one. The running chat, and turns that wait for a
        transcript, finish in the old conversation and for its user."""
        old_id, old_replies = self._identity.conversation_id, self._replies.in_this_conversation()
        match found:
            case OpenedConversation(conversation_id, section_id):
                self._identity.open(conversation_id, section_id)
                self._announcer.skip_notice(conversation_id)
            case NotOpened(why):
                self._identity.new_conversation()
                yield from self._tell_of_new_conversation(requested.chat_config.conversation_id or "", why)
            case None if not self._configuration.is_for_another_user(requested):
                return
            case _:
                self._identity.new_conversation()
        if self._identity.conversation_id != old_id:
            self._turns.finish_in_old_conversation(old_replies)

    def _tell_of_new_conversation(self, named: str, why: str) -> Iterator[Effect]:
        begun = self._identity.conversation_id
        yield from self._hints.tell(f"conversation_id {quoted(named)} {why}: the new conversation {begun} was begun")
