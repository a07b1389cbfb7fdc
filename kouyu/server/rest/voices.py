"""The available voices over REST (rest.md 2.1), with a preview of each."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard
from msgspec import Meta

from kouyu.audio_sessions.voice_previews import VoicePreviews
from kouyu.domain.errors import INTERNAL, ProtocolError, UnknownId
from kouyu.engines.errors import EngineError
from kouyu.engines.tts.engine import Emotion, Voice
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.paging import Page, PageSize
from kouyu.server.rest.typed import typed_query

_KEPT_S: Final = 3_600
"""How long browsers may cache a preview, in seconds."""
_LANGUAGES: Final = {"en": "English", "zh": "Chinese", "ja": "Japanese"}
_PREVIEWS: Final = {"en": "Hello, it is nice to talk with you.", "zh": "你好，很高兴和你聊天。"}


class EmotionInterval(msgspec.Struct, frozen=True):
    """The range of an emotion's strength."""

    min: float
    max: float
    default: float


class ShownEmotion(msgspec.Struct, frozen=True):
    """An emotion that a voice can speak with."""

    emotion: str
    display_name: str
    emotion_scale_interval: EmotionInterval


class ShownVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice as the SDKs read it. cozepy requires every field but the last, so unknown ones are empty or 0."""

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
    support_emotions: tuple[ShownEmotion, ...]


class VoiceList(msgspec.Struct, frozen=True):
    """A page of voices."""

    voice_list: tuple[ShownVoice, ...]
    has_more: bool


class VoicesQuery(Page, frozen=True, kw_only=True):
    """Which voices, and which page of them."""

    page_size: PageSize = 100
    filter_system_voice: Annotated[bool, Meta(description="Leave out those that were not cloned: all of them.")] = False
    model_type: Literal["big", "small"] | None = None
    voice_state: Literal["init", "cloned", "all"] | None = None


def voice_routes(voices: Sequence[Voice], guard: Guard, previews: VoicePreviews | None) -> list[HTTPRouteHandler]:
    """The route handlers. The default voice comes first, since clients take the first of the list."""
    by_id = {voice.voice_id: voice for voice in voices}

    @get(
        "/v1/audio/voices",
        guards=[guard],
        opt=described("The voices, the default one first", "Audio", query=VoicesQuery, data=VoiceList),
    )
    async def list_voices(request: Request[Any, Any, Any]) -> Response[bytes]:
        """The voices, the default one first."""
        query = typed_query(request, VoicesQuery)
        none = query.filter_system_voice or query.model_type == "small" or query.voice_state == "init"
        chosen = () if none else voices
        shown = [_shown(voice, _preview_url(request, voice) if previews else "") for voice in query.of(chosen)]
        has_more = query.page_num * query.page_size < len(chosen)
        return answer_success(request, VoiceList(tuple(shown), has_more))

    @get(
        "/v1/audio/voices/{voice_id:str}/preview.mp3",
        opt=described("A preview of a voice", "Audio", answer="audio", open=True),
    )
    async def preview_voice(voice_id: FromPath[str]) -> Response[bytes]:
        """A preview of a voice. It needs no token, since `<audio>` sends none."""
        text = _preview_text(by_id[voice_id]) if voice_id in by_id else ""
        if previews is None or not text:
            raise UnknownId("preview of a voice", voice_id)
        try:
            content = await previews.of(voice_id, text)
        except EngineError as fault:
            raise ProtocolError(INTERNAL, f"speech synthesis failed: {fault}") from fault
        return Response(content, media_type="audio/mpeg", headers={"Cache-Control": f"public, max-age={_KEPT_S}"})

    return [list_voices, preview_voice]


def _preview_url(request: Request[Any, Any, Any], voice: Voice) -> str:
    """The preview's URL as the client reaches it; "" for a voice whose language has no preview text."""
    return f"{request.base_url}v1/audio/voices/{quote(voice.voice_id)}/preview.mp3" if _preview_text(voice) else ""


def _language(voice: Voice) -> str:
    return voice.languages[0] if voice.languages else ""


def _preview_text(voice: Voice) -> str:
    return _PREVIEWS.get(_language(voice), "")


def _shown(voice: Voice, preview_url: str) -> ShownVoice:
    language = _language(voice)
    return ShownVoice(
        voice_id=voice.voice_id,
        name=voice.name,
        language_code=language,
        language_name=_LANGUAGES.get(language, language),
        preview_text=_preview_text(voice),
        preview_audio=preview_url,
        support_emotions=tuple(map(_emotion, voice.emotions)),
    )


def _emotion(emotion: Emotion) -> ShownEmotion:
    scale = EmotionInterval(emotion.scale_min, emotion.scale_max, emotion.scale_default)
    return ShownEmotion(emotion.emotion, emotion.display_name, scale)
