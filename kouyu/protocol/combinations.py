"""Which values of a configuration go together: the rules of uplink.md that concern more than one field."""

from kouyu.protocol.configuration import InputAudio, OutputAudio, VoiceProcessingConfig
from kouyu.protocol.errors import InvalidField

_INPUT_FORMATS = {
    # ogg beside the default codec is what a client sends that only names the container; it is read as Opus.
    "pcm": ("pcm", "wav", "ogg"),
    "opus": ("pcm", "ogg"),
    "g711a": ("pcm",),
    "g711u": ("pcm",),
}


def check_object(value: object) -> None:
    """Raises InvalidField for the first rule that a top-level object of a configuration breaks, naming both fields."""
    match value:
        case InputAudio():
            check_input(value)
        case OutputAudio():
            check_output(value)
        case VoiceProcessingConfig():
            _check_voice_processing(value)
        case _:
            pass


def check_input(audio: InputAudio) -> None:
    """Raises InvalidField where format and codec do not go together."""
    formats = _INPUT_FORMATS[audio.codec]
    if audio.format not in formats:
        raise InvalidField("data.input_audio.format", audio.format, f"{', '.join(formats)} with codec {audio.codec}")


def check_output(audio: OutputAudio) -> None:
    """Raises InvalidField for pacing without a length of packets."""
    pcm = audio.pcm_config
    if pcm.limit_config is not None and pcm.frame_size_ms is None:
        allowed = "a number above 0, at most 1000 ms, because limit_config needs it"
        raise InvalidField("data.output_audio.pcm_config.frame_size_ms", None, allowed)


def _check_voice_processing(processing: VoiceProcessingConfig) -> None:
    if processing.enable_ans and processing.enable_pdns:
        allowed = "false, because enable_ans is true and the two exclude each other"
        raise InvalidField("data.voice_processing_config.enable_pdns", True, allowed)
