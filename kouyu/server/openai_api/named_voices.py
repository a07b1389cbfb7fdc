"""Finds the voice that a request names."""

from collections.abc import Sequence

from kouyu.conversation.capabilities import Capabilities
from kouyu.domain import errors
from kouyu.engines.tts.engine import Voice
from kouyu.protocol.openai.voices import OPENAI_VOICES
from kouyu.server.openai_api.errors import OpenAIError


def chosen_voice(name: str, voices: Sequence[Voice], capabilities: Capabilities, *, param: str = "voice") -> str:
    """The id of the voice with this id, alias or name, in any case of letters; "" and OpenAI's names: the default one.

    Raises OpenAIError.
    """
    if name in capabilities.voice_ids:
        return name
    for voice in voices:
        if name.lower() in (voice.voice_id.lower(), voice.name.lower()):
            return voice.voice_id
    if not name or name.lower() in OPENAI_VOICES:
        return capabilities.default_voice_id
    raise _unknown(name, capabilities, param)


def _unknown(wanted: str, capabilities: Capabilities, param: str) -> OpenAIError:
    allowed = ", ".join(capabilities.voice_ids)
    names = f"{allowed}; OpenAI's names for the default voice"
    msg = f"{param}: there is no voice {wanted[:100]!r} here; allowed: {names}"
    return OpenAIError(errors.BAD_REQUEST, msg, param=param, name="voice_not_found")
