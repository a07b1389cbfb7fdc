"""The configuration of one ``/v1/chat`` connection: every field of ``chat.update`` with its default (uplink.md).

Field names are the wire's. The annotation beside a type is the range that ``merge`` checks; where a field has none,
its type says it all.
"""

from typing import Annotated, Any, Final, Literal, get_args

import msgspec

from kouyu.protocol.ranges import (
    AnyObject,
    Coordinates,
    KeepWhenEmpty,
    Keywords,
    LanguageTag,
    MetaData,
    Number,
    OneOf,
    Text,
    Texts,
    VariableNames,
    WholeNumber,
)

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
"""Several times the 5000 tokens that count; what is over those is cut off silently."""
SensitiveWordList = Texts(most=256, longest=64)
LONGEST_PROLOGUE: Final = 4_096
"""Characters, of a bot's own opening line too."""
Milliseconds = WholeNumber(0, 10_000, "ms")
"""The document gives no range for the waiting times; 10 s is beyond any use of them."""


class ChatConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Whose chat this is and what the agent is given (uplink.md, data.chat_config).

    ``conversation_id`` None asks for a new conversation. Maps are values: an update replaces the whole map.
    """

    meta_data: Annotated[dict[str, str], MetaData()] = {}
    custom_variables: Annotated[dict[str, str], VariableNames()] = {}
    extra_params: Annotated[dict[str, str], Coordinates()] = {}
    user_id: Annotated[str | None, KeepWhenEmpty()] = None
    conversation_id: Annotated[str | None, KeepWhenEmpty()] = None
    auto_save_history: bool = True
    parameters: Annotated[dict[str, Any], AnyObject()] = {}


class InputAudio(msgspec.Struct, frozen=True, kw_only=True):
    """What the client sends: ``sample_rate`` in Hz, ``bit_depth`` of one PCM sample."""

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
    """PCM out: mono, 16 bit, ``sample_rate`` in Hz; also frames g711.

    ``frame_size_ms`` is the length of each packet; None, and 0 on the wire, leave it to the server.
    """

    sample_rate: Annotated[int, PcmRate] = 24_000
    frame_size_ms: Annotated[float | None, Number(0, 1_000, "ms", zero_is_none=True)] = None
    limit_config: LimitConfig | None = None


class OpusConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Opus out: ``bitrate`` in bit/s within what the codec itself takes, one packet per ``frame_size_ms``."""

    sample_rate: Annotated[int, OneOf((8_000, 12_000, 16_000, 24_000, 48_000))] = 24_000
    bitrate: Annotated[int, WholeNumber(6_000, 510_000, "bit/s")] = 48_000
    use_cbr: bool = False
    frame_size_ms: Annotated[float, OneOf((2.5, 5.0, 10.0, 20.0, 40.0, 60.0))] = 10.0
    limit_config: LimitConfig | None = None


class Mp3Config(msgspec.Struct, frozen=True, kw_only=True):
    """MP3 out. The document gives ``bit_rate`` (bit/s) no default; 64 000 is ample for one voice."""

    sample_rate: Annotated[int, OneOf((32_000, 44_100, 48_000))] = 44_100
    bit_rate: Annotated[int, WholeNumber(8_000, 1_600_000, "bit/s")] = 64_000


class EmotionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How the voice feels; an empty ``emotion`` is none. Only for voices that have emotions."""

    emotion: Emotion = ""
    emotion_scale: Annotated[float, Number(1.0, 5.0)] = 4.0


class OutputAudio(msgspec.Struct, frozen=True, kw_only=True):
    """What the client gets. Only the block of the codec in use counts (pcm_config for g711 too).

    ``speech_rate`` and ``loudness_rate``: -50 is half, 0 as it is, 100 double. ``voice_id`` None is the default voice.
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
    """Cleaning of the user's audio; the two filters exclude each other."""

    enable_ans: bool = False
    enable_pdns: bool = False
    voice_print_feature_id: str | None = None


class SemanticVadConfig(msgspec.Struct, frozen=True, kw_only=True):
    """End of turn by meaning: silence before the judgement, and silence that ends the turn whatever it was, in ms."""

    silence_threshold_ms: Annotated[int, Milliseconds] = 300
    semantic_unfinished_wait_time_ms: Annotated[int, WholeNumber(100, 2_000, "ms")] = 500


class InterruptConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which speech interrupts the reply: ``all`` is any. A keyword mode counts only with at least one keyword."""

    mode: InterruptMode | None = None
    keywords: Annotated[tuple[str, ...], Keywords()] = ()


class TurnDetection(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides when the user's turn starts and ends. ``interrupt_config`` None: any speech interrupts."""

    type: TurnDetectionType = "client_interrupt"
    prefix_padding_ms: Annotated[int, Milliseconds] = 600
    silence_duration_ms: Annotated[int, Milliseconds] = 500
    semantic_vad_config: SemanticVadConfig = SemanticVadConfig()
    interrupt_config: InterruptConfig | None = None


class SensitiveWordsFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Words that are blotted out of the transcript."""

    system_reserved_filter: bool = False
    filter_with_empty: Annotated[tuple[str, ...], SensitiveWordList] = ()
    filter_with_signed: Annotated[tuple[str, ...], SensitiveWordList] = ()


class AsrConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How the user's speech is recognised. What exceeds the token limits is cut by the recogniser, not here."""

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
    """Who may be talking: the group searched and the score, 0 to 100, from which a match counts."""

    group_id: str | None = None
    score: Annotated[int, WholeNumber(0, 100)] = 40
    reuse_voice_info: bool = False


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """All of ``chat.update``'s data. ``Configuration()`` is what a connection runs on that never sends one.

    ``merge.merge`` makes the next one out of an update, ``effective.effective`` says what of it is in force.
    ``event_subscriptions`` empty means all events; ``prologue_content`` None means the agent's own opening line.
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
