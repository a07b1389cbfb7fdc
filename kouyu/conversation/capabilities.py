"""What the server offers to a connection, and the configuration in force that follows from it."""

from typing import Final

import msgspec

from kouyu.domain.combinations import check_object
from kouyu.domain.configuration import Configuration, OutputAudio
from kouyu.domain.errors import InvalidField

_VOICE_FIELD: Final = "data.output_audio.voice_id"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the bot and the engines behind a connection offer."""

    voice_ids: tuple[str, ...]
    """Ids of the voices that a client may request."""
    default_voice_id: str
    prologue: str = ""
    """The bot's opening line."""
    notice: str = ""
    """A text that is spoken once in each new conversation, before the opening line."""
    unknown_voice_is_error: bool = False
    recognizes_emotion: bool = False
    """Whether an engine recognises emotion, so that ``enable_emotion`` can be in force."""

    def in_force(self, requested: Configuration, conversation_id: str) -> Configuration:
        """The configuration with the fields that the server decides filled in.

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

    def output_in_force(self, output: OutputAudio, field: str = _VOICE_FIELD) -> OutputAudio:
        """The output with its voice filled in. Raises InvalidField, naming ``field``, as ``in_force`` does."""
        self._check_voice(output, field)
        voice_id = self.default_voice_id if self.is_unknown_voice(output.voice_id) else output.voice_id
        return msgspec.structs.replace(output, voice_id=voice_id or self.default_voice_id)

    def is_unknown_voice(self, voice_id: str | None) -> bool:
        """Whether ``voice_id`` names a voice that the server lacks."""
        return bool(voice_id) and voice_id not in self.voice_ids

    def without_refused_voice(self, requested: Configuration) -> Configuration:
        """``requested``, with the default voice in place of one that would be an error."""
        output = requested.output_audio
        if not self.unknown_voice_is_error or not self.is_unknown_voice(output.voice_id):
            return requested
        return msgspec.structs.replace(requested, output_audio=msgspec.structs.replace(output, voice_id=None))

    def check(self, value: object) -> None:
        """Check a top-level object of an update. Raises InvalidField for fields that do not go together
        (``check_object``) and for a voice that is refused."""
        check_object(value)
        if isinstance(value, OutputAudio):
            self._check_voice(value, _VOICE_FIELD)

    def _check_voice(self, output: OutputAudio, field: str) -> None:
        if self.unknown_voice_is_error and self.is_unknown_voice(output.voice_id):
            raise InvalidField(field, output.voice_id, ", ".join(self.voice_ids))
