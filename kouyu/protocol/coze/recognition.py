"""Coze's rule of which settings of speech recognition hold beside interim transcripts (uplink.md, asr_config)."""

from msgspec.structs import replace

from kouyu.domain.configuration import AsrConfig


def recognition_in_force(asr: AsrConfig) -> AsrConfig:
    """The settings of speech recognition in force: language, emotion and gender need ``output_no_stream``."""
    if asr.stream_mode == "output_no_stream":
        return asr
    return replace(asr, user_language="common", enable_emotion=False, enable_gender=False)
