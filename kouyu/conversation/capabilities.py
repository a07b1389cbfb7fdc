"""What the server offers to this connection, and the configuration that is therefore in force."""

import logging

import msgspec

from kouyu.protocol.configuration import Configuration, OutputAudio
from kouyu.protocol.errors import InvalidField

_log = logging.getLogger(__name__)


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the bot and the engines behind a connection offer."""

    voice_ids: tuple[str, ...]
    """The voices that can be asked for."""
    default_voice_id: str
    prologue: str = ""
    """The bot's own opening line."""
    unknown_voice_is_error: bool = False
    recognizes_emotion: bool = False
    """Whether ``enable_emotion`` can be in force."""

    def in_force(self, requested: Configuration, conversation_id: str) -> Configuration:
        """The configuration with everything filled in that the server decides.

        Raises InvalidField for an unknown voice where that is an error; otherwise it falls back to the default voice.
        """
        asr_config = requested.asr_config
        if asr_config.enable_emotion and not self.recognizes_emotion:
            asr_config = msgspec.structs.replace(asr_config, enable_emotion=False)
        return msgspec.structs.replace(
            requested,
            asr_config=asr_config,
            output_audio=self.output_in_force(requested.output_audio),
            chat_config=msgspec.structs.replace(requested.chat_config, conversation_id=conversation_id),
            prologue_content=requested.prologue_content or self.prologue or None,
        )

    def output_in_force(self, output: OutputAudio, field: str = "data.output_audio.voice_id") -> OutputAudio:
        """The output with its voice filled in. Raises InvalidField, naming ``field``, as ``in_force`` does."""
        voice_id = output.voice_id or self.default_voice_id
        if output.voice_id and output.voice_id not in self.voice_ids:
            if self.unknown_voice_is_error:
                raise InvalidField(field, output.voice_id, ", ".join(self.voice_ids))
            _log.warning("a client asked for a voice that is not here; it gets %s", self.default_voice_id)
            voice_id = self.default_voice_id
        return msgspec.structs.replace(output, voice_id=voice_id)
