"""The voices that can be asked for, over REST (rest.md 2.1)."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.engines.tts.engine import Emotion, Voice
from kouyu.protocol.errors import InvalidField
from kouyu.server.rest.answers import answer_success

_MOST: Final = 100
_LANGUAGES: Final = {"en": "English", "zh": "Chinese", "ja": "Japanese"}
_PREVIEWS: Final = {"en": "Hello, it is nice to talk with you.", "zh": "你好，很高兴和你聊天。"}


class _Interval(msgspec.Struct, frozen=True):
    min: float
    max: float
    default: float


class _Emotion(msgspec.Struct, frozen=True):
    emotion: str
    display_name: str
    emotion_scale_interval: _Interval


class _Voice(msgspec.Struct, frozen=True, kw_only=True):
    """As the SDKs read it. cozepy requires every field but the last, so what is not known is empty or 0."""

    voice_id: str
    name: str
    is_system_voice: bool = True
    language_code: str
    language_name: str
    preview_text: str
    preview_audio: str = ""
    available_training_times: int = 0
    create_time: int = 0
    update_time: int = 0
    model_type: str = "big"
    state: str = "cloned"
    support_emotions: tuple[_Emotion, ...]


def voice_routes(voices: Sequence[Voice], guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers. The default voice comes first: clients take the first one of the list."""

    @get("/v1/audio/voices", guards=[guard])
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        number = _whole(request, "page_num", 1, 1_000_000, default=1)
        size = _whole(request, "page_size", 1, _MOST, default=_MOST)
        page = voices[(number - 1) * size : number * size]
        has_more = number * size < len(voices)
        return answer_success(request, {"voice_list": [_shown(voice) for voice in page], "has_more": has_more})

    return [listed]


def _whole(request: Request[Any, Any, Any], name: str, least: int, most: int, *, default: int) -> int:
    """A whole number of the query; SDKs leave it out, or send nothing. Raises InvalidField."""
    text: str = request.query_params.get(name, "")
    if not text:
        return default
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not least <= value <= most:
        raise InvalidField(name, text, f"{least} to {most}")
    return value


def _shown(voice: Voice) -> _Voice:
    language = voice.languages[0] if voice.languages else ""
    return _Voice(
        voice_id=voice.voice_id,
        name=voice.name,
        language_code=language,
        language_name=_LANGUAGES.get(language, language),
        preview_text=_PREVIEWS.get(language, ""),
        support_emotions=tuple(map(_emotion, voice.emotions)),
    )


def _emotion(emotion: Emotion) -> _Emotion:
    scale = _Interval(emotion.scale_min, emotion.scale_max, emotion.scale_default)
    return _Emotion(emotion.emotion, emotion.display_name, scale)
