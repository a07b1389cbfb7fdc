"""The configuration of one ``/v1/chat`` connection: every field of ``chat.update`` with its default (uplink.md).

Field names are those of the protocol. The annotation of a type is the range that ``merge`` checks; without one, the
type alone is checked.
"""

from typing import Annotated, Any, Final, Literal, get_args

import msgspec

from kouyu.domain.number_ranges import Number, OneOf, WholeNumber
from kouyu.domain.object_ranges import AnyObject, Coordinates, MetaData, VariableNames
from kouyu.domain.text_ranges import KeepWhenEmpty, Keywords, LanguageTag, Text, Texts

InputFormat = Literal["pcm", "wav", "ogg"]
InputCodec = Literal["pcm", "opus", "g711a", "g711u"]
OutputCodec = Literal["pcm", "g711a", "g711u", "opus", "mp3"]
TurnDetectionType = Literal["client_interrupt", "server_vad", "semantic_vad"]
InterruptMode = Literal["keyword_contains", "keyword_prefix", "all"]
StreamMode = Literal["bidirectional_stream", "output_no_stream"]
Emotion = Literal["", "happy", "sad", "angry", "surprised", "fear", "hate", "excited", "coldness", "neutral"]
UserLanguage = Literal[
    "common",
    "en-US",
    "ja-JP",
    "id-ID",
    "es-MX",
    "pt-BR",
    "de-DE",
    "fr-FR",
    "ko-KR",
    "fil-PH",
    "ms-MY",
    "th-TH",
    "ar-SA",
    # What older SDKs send.
    "zh",
    "cant",
    "sc",
    "en",
    "ja",
    "ko",
    "fr",
    "id",
    "es",
    "pt",
    "ms",
    "ru",
]

PcmRate = OneOf((8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000))
HotWords = Texts(most=20_000, longest=256)
"""Several times the 5000 tokens that are used; the rest is cut off silently."""
SensitiveWordList = Texts(most=256, longest=64)
LONGEST_PROLOGUE: Final = 4_096
"""Characters, also of a bot's own opening line."""
Milliseconds = WholeNumber(0, 10_000, "ms")
"""The reference gives no range for the waiting times; 10 s is beyond any useful value."""


class ChatConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The user and conversation of a chat, and the agent's parameters (uplink.md, data.chat_config).

    ``conversation_id`` None requests a new conversation. An update replaces a map as a whole.
    """

    meta_data: Annotated[dict[str, str], MetaData()] = {}
    custom_variables: Annotated[dict[str, str], VariableNames()] = {}
    extra_params: Annotated[dict[str, str], Coordinates()] = {}
    user_id: Annotated[str | None, KeepWhenEmpty()] = None
    conversation_id: Annotated[str | None, KeepWhenEmpty()] = None
    auto_save_history: bool = True
    parameters: Annotated[dict[str, Any], AnyObject()] = {}


class InputAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Format of the client's audio: ``sample_rate`` in Hz, ``bit_depth`` of one PCM sample."""

    format: InputFormat = "wav"
    codec: InputCodec = "pcm"
    sample_rate: Annotated[int, PcmRate] = 24_000
    channel: Annotated[int, OneOf((1, 2))] = 1
    bit_depth: Annotated[int, OneOf((8, 16, 24))] = 16


class LimitConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Pacing: at most ``max_frame_num`` packets in each ``period`` seconds."""

    period: Annotated[int, WholeNumber(1, 3_600, "seconds")]
    max_frame_num: Annotated[int, WholeNumber(1, 1_000_000, "packets")]


class PcmConfig(msgspec.Struct, frozen=True, kw_only=True):
    """PCM output: mono, 16 bit, ``sample_rate`` in Hz; ``frame_size_ms`` also applies to g711.

    ``frame_size_ms`` is the length of each packet; None, or 0 in the protocol, lets the server choose.
    """

    sample_rate: Annotated[int, PcmRate] = 24_000
    frame_size_ms: Annotated[float | None, Number(0, 1_000, "ms", zero_is_none=True)] = None
    limit_config: LimitConfig | None = None


class OpusConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Opus output: ``bitrate`` in bit/s within the codec's own range, one packet per ``frame_size_ms``."""

    sample_rate: Annotated[int, OneOf((8_000, 12_000, 16_000, 24_000, 48_000))] = 24_000
    bitrate: Annotated[int, WholeNumber(6_000, 510_000, "bit/s")] = 48_000
    use_cbr: bool = False
    frame_size_ms: Annotated[float, OneOf((2.5, 5.0, 10.0, 20.0, 40.0, 60.0))] = 10.0
    limit_config: LimitConfig | None = None


class Mp3Config(msgspec.Struct, frozen=True, kw_only=True):
    """MP3 output. The reference gives no default for ``bit_rate`` (bit/s); 64 000 is ample for one voice."""

    sample_rate: Annotated[int, OneOf((32_000, 44_100, 48_000))] = 44_100
    bit_rate: Annotated[int, WholeNumber(8_000, 1_600_000, "bit/s")] = 64_000


class EmotionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Emotion of the synthesised voice; an empty ``emotion`` means none. Only for voices that support emotions."""

    emotion: Emotion = ""
    emotion_scale: Annotated[float, Number(1.0, 5.0)] = 4.0


class OutputAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Format and voice of the output. Only the block of the codec in use applies (pcm_config for g711 too).

    ``speech_rate`` and ``loudness_rate``: -50 is half, 0 unchanged, 100 double. ``voice_id`` None is the default voice.
    """

    codec: OutputCodec = "pcm"
    pcm_config: PcmConfig = PcmConfig()
    opus_config: OpusConfig = OpusConfig()
    mp3_config: Mp3Config = Mp3Config()
    speech_rate: Annotated[int, WholeNumber(-50, 100)] = 0
    loudness_rate: Annotated[int, WholeNumber(-50, 100)] = 0
    voice_id: str | None = None
    context_texts: Annotated[str, Text(2_048)] = ""
    emotion_config: EmotionConfig | None = None


class VoiceProcessingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Noise suppression and voiceprint denoising of the user's audio; the two exclude each other."""

    enable_ans: bool = False
    enable_pdns: bool = False
    voice_print_feature_id: str | None = None


class SemanticVadConfig(msgspec.Struct, frozen=True, kw_only=True):
    """End of turn by meaning: silence before the judgement, and silence that ends an unfinished turn, in ms."""

    silence_threshold_ms: Annotated[int, Milliseconds] = 300
    semantic_unfinished_wait_time_ms: Annotated[int, WholeNumber(100, 2_000, "ms")] = 500


class InterruptConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which speech interrupts the reply: ``all`` is any. A keyword mode counts only with at least one keyword."""

    mode: InterruptMode | None = None
    keywords: Annotated[tuple[str, ...], Keywords()] = ()


class TurnDetection(msgspec.Struct, frozen=True, kw_only=True):
    """How the start and end of the user's turn are decided. ``interrupt_config`` None: any speech interrupts."""

    type: TurnDetectionType = "client_interrupt"
    prefix_padding_ms: Annotated[int, Milliseconds] = 600
    silence_duration_ms: Annotated[int, Milliseconds] = 500
    semantic_vad_config: SemanticVadConfig = SemanticVadConfig()
    interrupt_config: InterruptConfig | None = None


class SensitiveWordsFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Words that are removed or masked in the transcript."""

    system_reserved_filter: bool = False
    filter_with_empty: Annotated[tuple[str, ...], SensitiveWordList] = ()
    filter_with_signed: Annotated[tuple[str, ...], SensitiveWordList] = ()


class AsrConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of speech recognition. The recogniser cuts texts to the token limits; this struct does not."""

    hot_words: Annotated[tuple[str, ...], HotWords] = ()
    context: Annotated[str, Text(16_384)] = ""
    user_language: Annotated[UserLanguage, LanguageTag(get_args(UserLanguage))] = "common"
    enable_ddc: bool = True
    enable_itn: bool = True
    enable_punc: bool = True
    stream_mode: StreamMode = "bidirectional_stream"
    enable_nostream: bool = False
    enable_emotion: bool = False
    enable_gender: bool = False
    sensitive_words_filter: SensitiveWordsFilter = SensitiveWordsFilter()


class VoicePrintConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Speaker identification: the voiceprint group searched, and the score, 0 to 100, from which a match counts."""

    group_id: str | None = None
    score: Annotated[int, WholeNumber(0, 100)] = 40
    reuse_voice_info: bool = False


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """All data of ``chat.update``. ``Configuration()`` applies to a connection that never sends one.

    ``merge.merge`` applies an update to it, ``effective.effective`` derives the configuration in force. Empty
    ``event_subscriptions`` mean all events; ``prologue_content`` None means the agent's own opening line.
    """

    chat_config: ChatConfig = ChatConfig()
    input_audio: InputAudio = InputAudio()
    output_audio: OutputAudio = OutputAudio()
    voice_processing_config: VoiceProcessingConfig = VoiceProcessingConfig()
    event_subscriptions: Annotated[tuple[str, ...], Texts(most=128, longest=128)] = ()
    need_play_prologue: bool = False
    prologue_content: Annotated[str | None, Text(LONGEST_PROLOGUE)] = None
    turn_detection: TurnDetection = TurnDetection()
    asr_config: AsrConfig = AsrConfig()
    voice_print_config: VoicePrintConfig = VoicePrintConfig()
