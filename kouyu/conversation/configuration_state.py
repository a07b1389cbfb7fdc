"""The configuration of one connection: what the client has requested so far, and what is in force."""

import msgspec

from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.identity import Identity
from kouyu.domain.configuration import Configuration
from kouyu.domain.effective import effective, effective_output
from kouyu.domain.options import AnswerOptions, SessionOptions


class ConfigurationState:
    """Derives the configuration in force from the requested one, the capabilities and the conversation."""

    def __init__(self, capabilities: Capabilities, identity: Identity) -> None:
        self._capabilities = capabilities
        self._identity = identity
        self.requested = Configuration()
        """What the client has requested so far, in force or not."""
        self.in_force = capabilities.in_force(self.requested, identity.conversation_id)
        """Cached, because every input reads it."""
        self.options = SessionOptions()
        """What the client has asked for besides."""

    @property
    def user_id(self) -> str:
        """The user of the connection; "" if the client has named none."""
        return self.in_force.chat_config.user_id or ""

    def check(self, value: object) -> None:
        """Check a top-level object of a requested configuration. Raises InvalidField, as ``Capabilities.check``."""
        self._capabilities.check(value)

    def change(self, requested: Configuration, options: SessionOptions) -> None:
        """Set the requested configuration, derive the one in force, and set the options."""
        self.requested, self.options = requested, options
        if options.recognition is not None:
            requested = msgspec.structs.replace(requested, asr_config=options.recognition)
        self.in_force = self._capabilities.in_force(effective(requested), self._identity.conversation_id)

    def for_answer(self, configuration: Configuration, options: AnswerOptions) -> Configuration:
        """``configuration`` with the voice of ``options``, if there is such a one, and with their codec."""
        output = configuration.output_audio
        if options.voice and not self._capabilities.is_unknown_voice(options.voice):
            output = msgspec.structs.replace(output, voice_id=options.voice)
        if options.codec not in (None, output.codec):
            requested = self.requested.output_audio.pcm_config
            output = effective_output(msgspec.structs.replace(output, codec=options.codec, pcm_config=requested))
        if output == configuration.output_audio:
            return configuration
        return msgspec.structs.replace(configuration, output_audio=output)

    def names_another_conversation(self, requested: Configuration) -> bool:
        """Whether the conversation of ``requested`` differs from the one in force and from the one requested before, or
        belongs to another user."""
        wanted = requested.chat_config.conversation_id
        known = self.requested.chat_config.conversation_id, self._identity.conversation_id
        return wanted is not None and (wanted not in known or self.is_for_another_user(requested))

    def is_for_another_user(self, requested: Configuration) -> bool:
        """Whether ``requested`` names another user than the connection has had."""
        return self.user_id not in ("", requested.chat_config.user_id or "")
