"""What a session's settings mean for the conversation core: a configuration, and the options beside it."""

from typing import Final, get_args

import msgspec

from kouyu.domain.configuration import (
    AsrConfig,
    Configuration,
    InputAudio,
    OutputAudio,
    OutputCodec,
    PcmConfig,
    SemanticVadConfig,
    TurnDetection,
    UserLanguage,
    VoiceProcessingConfig,
)
from kouyu.domain.errors import InvalidField
from kouyu.domain.options import AnswerOptions, SessionOptions
from kouyu.domain.text_ranges import LanguageTag
from kouyu.protocol.openai.audio_formats import PCM_RATE, AudioFormat
from kouyu.protocol.openai.session_settings import Eagerness, SessionSettings, Transcription

LOWEST_SPEECH_RATE: Final = -50
"""The voices here speak at half their speed at least, which is ``speed`` 0.5."""
UNFINISHED_WAIT_MS: Final[dict[Eagerness, int]] = {"low": 2_400, "medium": 1_200, "high": 600, "auto": 1_200}
"""Silence that ends a turn which sounds unfinished. The end of a finished one is found after 300 ms, always."""

CODECS: Final[dict[AudioFormat, OutputCodec]] = {"audio/pcm": "pcm", "audio/pcmu": "g711u", "audio/pcma": "g711a"}
"""Of each audio format."""
_LANGUAGE: Final = LanguageTag(get_args(UserLanguage))


def configuration_of(settings: SessionSettings, base: Configuration) -> Configuration:
    """The configuration that ``settings`` ask for; ``base`` has the rest, such as the user."""
    return msgspec.structs.replace(
        base,
        input_audio=_input(settings.input_format),
        output_audio=_output(settings),
        voice_processing_config=VoiceProcessingConfig(enable_ans=settings.noise_reduction is not None),
        turn_detection=_turn_detection(settings),
        asr_config=_recognition(settings.transcription),
    )


def options_of(settings: SessionSettings) -> SessionOptions:
    """The options that ``settings`` ask for."""
    detection = settings.turn_detection
    answers = settings.type == "realtime"
    return SessionOptions(
        answers=AnswerOptions(
            instructions=settings.instructions or None,
            tools=settings.tools or None,
            tool_choice=None if settings.tool_choice == "auto" else settings.tool_choice,
            max_output_tokens=settings.max_output_tokens,
            temperature=settings.temperature,
            spoken=settings.output_modalities == ("audio",),
        ),
        answers_speech=answers and detection is not None and detection.create_response,
        speech_threshold=detection.threshold if detection is not None else None,
        speech_interrupts=detection is None or detection.interrupt_response,
        idle_timeout_ms=detection.idle_timeout_ms if answers and detection is not None else None,
    )


def _input(audio_format: AudioFormat) -> InputAudio:
    match audio_format:
        case "audio/pcmu":
            return InputAudio(format="pcm", codec="g711u", sample_rate=8_000)
        case "audio/pcma":
            return InputAudio(format="pcm", codec="g711a", sample_rate=8_000)
        case _:
            return InputAudio(format="pcm", codec="pcm", sample_rate=PCM_RATE)


def _output(settings: SessionSettings) -> OutputAudio:
    return OutputAudio(
        codec=CODECS[settings.output_format],
        pcm_config=PcmConfig(sample_rate=PCM_RATE),
        speech_rate=max(LOWEST_SPEECH_RATE, round((settings.speed - 1) * 100)),
        voice_id=settings.voice,
    )


def _turn_detection(settings: SessionSettings) -> TurnDetection:
    detection = settings.turn_detection
    if detection is None:
        return TurnDetection(type="client_interrupt")
    if detection.type == "semantic_vad":
        unfinished = UNFINISHED_WAIT_MS[detection.eagerness]
        semantic = SemanticVadConfig(semantic_unfinished_wait_time_ms=unfinished)
        return TurnDetection(type="semantic_vad", semantic_vad_config=semantic)
    return TurnDetection(
        type="server_vad",
        prefix_padding_ms=detection.prefix_padding_ms,
        silence_duration_ms=detection.silence_duration_ms,
    )


def _recognition(transcription: Transcription | None) -> AsrConfig:
    if transcription is None:
        return AsrConfig()
    wanted = transcription.language or (transcription.languages[0] if len(transcription.languages) == 1 else "")
    recognition = AsrConfig(hot_words=transcription.keywords, context=transcription.prompt or "")
    try:
        language = _LANGUAGE.check("language", wanted)
    except InvalidField:
        return recognition  # none, or one that recognition finds by itself
    return msgspec.structs.replace(recognition, user_language=language)
