"""The configurations of the audio endpoints: what their ``*.update`` events set (websocket.md 3.1, 4 to 6).

They consist of the same objects as the configuration of ``/v1/chat`` and are merged by the same rules.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar, assert_never

import msgspec
from msgspec.structs import replace

from kouyu.domain.combinations import check_object
from kouyu.domain.configuration import AsrConfig, HotWords, InputAudio, OutputAudio
from kouyu.domain.effective import effective_input, effective_output
from kouyu.domain.errors import InvalidField
from kouyu.domain.object_ranges import Objects
from kouyu.domain.text_ranges import Text
from kouyu.protocol.coze.merge import Merged, merge
from kouyu.protocol.coze.recognition import recognition_in_force
from kouyu.protocol.coze.wire import as_wire

InterpretedLanguage = Literal["auto", "en", "zh"]


class SpeechConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that ``speech.update`` sets."""

    output_audio: OutputAudio = OutputAudio()


class TranscriptionConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that ``transcriptions.update`` sets. ``asr_config`` works as on ``/v1/chat``; no SDK has a
    field for it."""

    input_audio: InputAudio = InputAudio()
    asr_config: AsrConfig = AsrConfig()


class Term(msgspec.Struct, frozen=True):
    """A word and its required translation."""

    original: str
    translation: str


_TERM: Final = Text(100, shortest=1)
Glossary: Final = Objects(Term, (("original", _TERM), ("translation", _TERM)), most=100)


class TranslateConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Languages of the interpretation. ``source`` auto: identified from the speech; ``target`` auto: the other one."""

    source: InterpretedLanguage = msgspec.field(default="auto", name="from")
    target: InterpretedLanguage = msgspec.field(default="auto", name="to")
    hot_words: Annotated[tuple[str, ...], HotWords] = ()
    glossary: Annotated[tuple[Term, ...], Glossary] = ()


class InterpretationConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that ``simult_interpretation.update`` sets."""

    input_audio: InputAudio = InputAudio()
    output_audio: OutputAudio = OutputAudio()
    translate_config: TranslateConfig = TranslateConfig()


AudioConfiguration = SpeechConfiguration | TranscriptionConfiguration | InterpretationConfiguration
C = TypeVar("C", SpeechConfiguration, TranscriptionConfiguration, InterpretationConfiguration)


def merge_audio(current: C, update: Mapping[str, Any], check: Callable[[object], None] = check_object) -> Merged[C]:
    """Merge ``update``, the data of an ``*.update`` event, into ``current``, as ``merge`` does."""

    def check_all(value: object) -> None:
        check(value)
        _check_languages(value)

    return merge(current, update, check_all)


def _check_languages(value: object) -> None:
    if isinstance(value, TranslateConfig) and value.source == value.target != "auto":
        other = "en" if value.source == "zh" else "zh"
        raise InvalidField("data.translate_config.to", value.target, f"auto, {other} with from {value.source}")


def audio_to_wire(configuration: AudioConfiguration) -> msgspec.Raw:
    """The data of an ``*.updated`` event: the whole configuration in force."""
    match configuration:
        case SpeechConfiguration(output_audio=output):
            shown: AudioConfiguration = replace(configuration, output_audio=effective_output(output))
        case TranscriptionConfiguration(input_audio=audio, asr_config=asr):
            # Speaker, gender and emotion are reported for the turns of a conversation only.
            words = replace(recognition_in_force(asr), enable_emotion=False, enable_gender=False)
            shown = replace(configuration, input_audio=effective_input(audio), asr_config=words)
        case InterpretationConfiguration(input_audio=audio, output_audio=output):
            shown = replace(configuration, input_audio=effective_input(audio), output_audio=effective_output(output))
        case _:
            assert_never(configuration)
    return as_wire(shown)
