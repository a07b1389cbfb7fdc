"""Checks combinations of a configuration's values: the rules of uplink.md that concern more than one field."""

from kouyu.domain.configuration import InputAudio, OutputAudio, VoiceProcessingConfig
from kouyu.domain.errors import InvalidField

_INPUT_FORMATS = {
    # A client that names only the container sends ogg with the default codec; it is taken as Opus.
    "pcm": ("pcm", "wav", "ogg"),
    "opus": ("pcm", "ogg"),
    "g711a": ("pcm",),
    "g711u": ("pcm",),
}


def check_object(value: object) -> None:
    """Check a top-level object of a configuration. Raises InvalidField for the first rule it breaks, naming both
    fields."""
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
    """Raise InvalidField if format and codec exclude each other."""
    formats = _INPUT_FORMATS[audio.codec]
    if audio.format not in formats:
        raise InvalidField("data.input_audio.format", audio.format, f"{', '.join(formats)} with codec {audio.codec}")


def check_output(audio: OutputAudio) -> None:
    """Raise InvalidField for pacing without a packet length."""
    pcm = audio.pcm_config
    if pcm.limit_config is not None and pcm.frame_size_ms is None:
        allowed = "a number above 0, at most 1000 ms, because limit_config needs it"
        raise InvalidField("data.output_audio.pcm_config.frame_size_ms", None, allowed)


def _check_voice_processing(processing: VoiceProcessingConfig) -> None:
    if processing.enable_ans and processing.enable_pdns:
        allowed = "false, because enable_ans is true and the two exclude each other"
        raise InvalidField("data.voice_processing_config.enable_pdns", True, allowed)
