"""The form of ``POST audio/transcriptions``, and the shapes of its answers."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from kouyu.audio_sessions.recording import HeardSegment
from kouyu.domain.configuration import AsrConfig
from kouyu.domain.errors import InvalidField
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.server.openai_api.errors import not_supported
from kouyu.server.rest.ids import OptionalId
from kouyu.serving.transcribing import TranscriptionRequest
from kouyu.text.joining import appended, separator
from kouyu.text.recognition_token_limits import cut_context

ResponseFormat = Literal["json", "text", "srt", "verbose_json", "vtt"]
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})([-_][A-Za-z0-9]+)*", re.IGNORECASE)
_NAMES: Final = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "pt": "portuguese",
    "ru": "russian",
    "yue": "cantonese",
    "zh": "chinese",
}
"""Names of languages as OpenAI's recogniser reports them; another one has its code."""
GRANULARITIES: Final = "timestamp_granularities[]"


class TranscriptionForm(Struct, frozen=True, kw_only=True):
    """The form. ``model``, ``temperature``, ``chunking_strategy`` and further fields are taken and change nothing."""

    file: Annotated[bytes, Meta(description="WAV, MP3, Ogg, M4A, AAC, FLAC or WebM.")] = b""
    model: OptionalId = ""
    language: Annotated[
        str, Meta(max_length=64, description="ISO 639-1, as en; without it the language is detected.")
    ] = ""
    prompt: Annotated[str, Meta(max_length=16_384, description="Words and names that may occur.")] = ""
    response_format: ResponseFormat = "json"
    stream: Annotated[bool, Meta(description="Events, one for each segment; for json and text.")] = False


class Asked(Struct, frozen=True, kw_only=True):
    """A form that has been checked."""

    how: TranscriptionRequest
    response_format: ResponseFormat
    stream: bool


class DurationUsage(Struct, frozen=True, kw_only=True):
    """What was heard, in seconds of audio."""

    type: Literal["duration"] = "duration"
    seconds: float


class Transcription(Struct, frozen=True, kw_only=True):
    """The answer ``json``. ``verbose_json`` has ``task``, ``language``, ``duration`` and ``segments`` too."""

    text: str
    usage: DurationUsage


def asked_of(form: TranscriptionForm, granularities: Sequence[str], include: Sequence[str]) -> Asked:
    """What the form asks for. Raises InvalidField, OpenAIError."""
    for wanted in granularities:
        if wanted not in ("segment", "word"):
            raise InvalidField(GRANULARITIES, wanted, "segment")
        if wanted == "word":
            raise not_supported(
                GRANULARITIES, f"{GRANULARITIES}: the recogniser here gives no times of words; allowed: segment"
            )
    if granularities and form.response_format != "verbose_json":
        raise InvalidField("response_format", form.response_format, f"verbose_json, where {GRANULARITIES} is given")
    if "logprobs" in include:
        raise not_supported("include[]", "include[]: the recogniser here gives no log probabilities")
    if form.stream and form.response_format not in ("json", "text"):
        raise InvalidField("stream", True, "false, unless response_format is json or text")
    options = RecognitionOptions(language=_language(form.language), context=cut_context(form.prompt))
    how = TranscriptionRequest(options=options, asr_config=AsrConfig())
    return Asked(how=how, response_format=form.response_format, stream=form.stream)


def _language(given: str) -> str | None:
    if not given:
        return None
    if not (tag := _LANGUAGE.fullmatch(given)):
        raise InvalidField("language", given, "a code of ISO 639-1, as en or zh")
    return tag[1].lower()


def whole_text(segments: Sequence[HeardSegment]) -> str:
    """The text of all segments."""
    text = ""
    for segment in segments:
        text = appended(text, segment.text)
    return text


def usage_of(duration_s: float) -> DurationUsage:
    """The usage of a recording of this length."""
    return DurationUsage(seconds=round(duration_s, 3))


def shown(segments: Sequence[HeardSegment], duration_s: float, wanted: ResponseFormat) -> Struct | dict[str, Any] | str:
    """The answer: JSON as a struct or a dict, else a text."""
    match wanted:
        case "json":
            return Transcription(text=whole_text(segments), usage=usage_of(duration_s))
        case "text":
            return whole_text(segments) + "\n"
        case "srt":
            return "".join(
                f"{number}\n{_clock(each.start_s, ',')} --> {_clock(each.end_s, ',')}\n{each.text}\n\n"
                for number, each in enumerate(segments, 1)
            )
        case "vtt":
            cues = (f"{_clock(each.start_s, '.')} --> {_clock(each.end_s, '.')}\n{each.text}\n\n" for each in segments)
            return "WEBVTT\n\n" + "".join(cues)
        case "verbose_json":
            return _verbose(segments, duration_s)


def _verbose(segments: Sequence[HeardSegment], duration_s: float) -> dict[str, Any]:
    language = segments[0].language if segments else ""
    return {
        "task": "transcribe",
        "language": _NAMES.get(language, language),
        "duration": round(duration_s, 3),
        "text": whole_text(segments),
        "segments": [
            {"id": number, "start": round(each.start_s, 3), "end": round(each.end_s, 3), "text": each.text}
            for number, each in enumerate(segments)
        ],
        "usage": usage_of(duration_s),
    }


def delta_of(before: str, segment: HeardSegment) -> dict[str, Any]:
    """The event of a segment whose text follows ``before``."""
    return {"type": "transcript.text.delta", "delta": separator(before, segment.text) + segment.text}


def done_of(text: str, duration_s: float) -> dict[str, Any]:
    """The event that ends a transcript."""
    return {"type": "transcript.text.done", "text": text, "usage": usage_of(duration_s)}


def _clock(seconds: float, point: str) -> str:
    """``00:01:02,345``."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, left = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{left:02}{point}{milliseconds:03}"
