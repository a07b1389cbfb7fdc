"""``/v1/audio/voiceprint_groups/{group_id}``: enrolment and identification of a group's speakers (rest.md 2.5)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard
from msgspec import Struct

from kouyu.audio.format_detection import LONGEST_START, file_kind
from kouyu.audio.pcm import PcmFormat, Samples
from kouyu.audio_sessions.enrolment import LEAST_ENROLMENT_S, enrolment, recording, speech_of
from kouyu.domain.errors import INTERNAL, NOT_FOUND, ProtocolError, UnknownId
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.typed import typed_form, typed_query
from kouyu.server.rest.uploads import FORM_BYTES, Form, read_form
from kouyu.server.rest.voiceprint_groups import ONE, no_group, token_names
from kouyu.server.rest.voiceprint_shape import (
    ChangedFeature,
    ChangedFeatureForm,
    Features,
    FeatureScore,
    FeaturesQuery,
    Identified,
    Identify,
    IdentifyForm,
    Made,
    NewFeature,
    NewFeatureForm,
    PcmParts,
    shown_feature,
)
from kouyu.serving.speakers import LEAST_SPEECH_S, ranked_voices
from kouyu.store.errors import UnknownVoiceprintFeature, UnknownVoiceprintGroup
from kouyu.store.store import Store
from kouyu.workers.limited import LimitedWorkers

_MOST_BYTES: Final = 10 * 1024 * 1024
_BODY: Final = _MOST_BYTES + FORM_BYTES
_FEATURES: Final = f"{ONE}/features"
_FEATURE: Final = f"{_FEATURES}/{{feature_id:str}}"


def voiceprint_feature_routes(
    store: Store,
    guard: Guard,
    *,
    encoder: SpeakerEncoder | None,
    voice_activity: VoiceActivityDetector,
    workers: LimitedWorkers,
    keep_audio: Callable[[], bool],
) -> list[HTTPRouteHandler]:
    """The route handlers. Enrolment and identification need an encoder; ``workers`` decode the uploads.

    ``keep_audio`` tells whether the enrolled speech is kept beside its voiceprint.
    """
    routes = _reading(store, guard)
    if encoder is not None:
        uploads = _SpeechUploads(voice_activity, workers)
        routes += _writing(store, encoder, uploads, guard, keep_audio=keep_audio)
        routes.append(_identifying(store, encoder, uploads, guard))
    return routes


class _SpeechUploads(Struct, frozen=True):
    """Reads the speech that requests carry."""

    voice_activity: VoiceActivityDetector
    workers: LimitedWorkers

    async def speech(self, form: Form, given: PcmParts, *, least_s: float) -> Samples:
        """Decode the speech in the part ``file``. Raises ProtocolError, EngineError."""
        name, content = form.file(most_bytes=_MOST_BYTES)
        audio = await recording(content, _pcm(name, content, given), self.workers)
        return await speech_of(audio, self.voice_activity, least_s=least_s)


def _reading(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    @get(
        _FEATURES,
        guards=[guard],
        opt=described("The speakers of a group", "Voiceprints", query=FeaturesQuery, data=Features),
    )
    async def listed(request: Request[Any, Any, Any], group_id: FromPath[str]) -> Response[bytes]:
        asked = typed_query(request, FeaturesQuery)
        if not await store.of(request.user.owner).voiceprints.has_group(group_id):
            raise no_group(group_id)
        offset = (asked.page_num - 1) * asked.page_size
        found, total = await store.of(request.user.owner).voiceprints.features(
            group_id, offset=offset, limit=asked.page_size
        )
        names = await token_names(store, request.user.owner)
        return answer_success(request, Features(tuple(shown_feature(each, names, request) for each in found), total))

    @get(
        f"{_FEATURE}/audio",
        guards=[guard],
        opt=described("The speech a speaker was enrolled with, as WAV", "Voiceprints", answer="audio"),
    )
    async def audio(
        request: Request[Any, Any, Any], group_id: FromPath[str], feature_id: FromPath[str]
    ) -> Response[bytes]:
        content = await store.of(request.user.owner).voiceprints.audio(group_id, feature_id)
        if content is None:
            raise ProtocolError(NOT_FOUND, "no audio is kept of this feature")
        return Response(content, media_type="audio/wav")

    @delete(
        _FEATURE,
        guards=[guard],
        status_code=200,
        opt=described("Delete a speaker with voiceprint and audio, permanently", "Voiceprints"),
    )
    async def remove(
        request: Request[Any, Any, Any], group_id: FromPath[str], feature_id: FromPath[str]
    ) -> Response[bytes]:
        with _faults_told(group_id, feature_id):
            await store.of(request.user.owner).voiceprints.delete(group_id, feature_id)
        return answer_success(request, {})

    return [listed, audio, remove]


def _writing(
    store: Store,
    encoder: SpeakerEncoder,
    uploads: _SpeechUploads,
    guard: Guard,
    *,
    keep_audio: Callable[[], bool],
) -> list[HTTPRouteHandler]:
    @post(
        _FEATURES,
        guards=[guard],
        status_code=200,
        request_max_body_size=_BODY,
        opt=described("Enrol a speaker", "Voiceprints", form=NewFeatureForm, data=Made),
    )
    async def create(request: Request[Any, Any, Any], group_id: FromPath[str]) -> Response[bytes]:
        """At least 2 s of one person's speech: WAV, MP3, Ogg, M4A, AAC, or 16 bit PCM; 10 MB and 10 minutes at most."""
        form = await read_form(request)
        given = typed_form(form.texts(), NewFeature)
        if not await store.of(request.user.owner).voiceprints.has_group(group_id):
            raise no_group(group_id)
        with _faults_told(group_id):
            speech = await uploads.speech(form, given, least_s=LEAST_ENROLMENT_S)
            made = await store.of(request.user.owner).voiceprints.enrol(
                group_id,
                given.name,
                await enrolment(speech, encoder, keep_audio=keep_audio()),
                creator_id=request.user.id,
                description=given.desc,
            )
        return answer_success(request, Made(made))

    @put(
        _FEATURE,
        guards=[guard],
        request_max_body_size=_BODY,
        opt=described("Change a speaker's name or voice", "Voiceprints", form=ChangedFeatureForm),
    )
    async def change(
        request: Request[Any, Any, Any], group_id: FromPath[str], feature_id: FromPath[str]
    ) -> Response[bytes]:
        form = await read_form(request)
        given = typed_form(form.texts(), ChangedFeature)
        with _faults_told(group_id, feature_id):
            voice = None
            if form.has_file:
                speech = await uploads.speech(form, given, least_s=LEAST_ENROLMENT_S)
                voice = await enrolment(speech, encoder, keep_audio=keep_audio())
            await store.of(request.user.owner).voiceprints.change(
                group_id, feature_id, name=given.name or None, description=given.desc or None, enrolment=voice
            )
        return answer_success(request, {})

    return [create, change]


def _identifying(store: Store, encoder: SpeakerEncoder, uploads: _SpeechUploads, guard: Guard) -> HTTPRouteHandler:
    @post(
        f"{ONE}/speaker_identify",
        guards=[guard],
        status_code=200,
        request_max_body_size=_BODY,
        opt=described("Identify a speaker of a group", "Voiceprints", form=IdentifyForm, data=Identified),
    )
    async def identify(request: Request[Any, Any, Any], group_id: FromPath[str]) -> Response[bytes]:
        form = await read_form(request)
        given = typed_form(form.texts(), Identify)
        if not await store.of(request.user.owner).voiceprints.has_group(group_id):
            raise no_group(group_id)
        with _faults_told(group_id):
            speech = await uploads.speech(form, given, least_s=LEAST_SPEECH_S)
            voiceprints = store.of(request.user.owner).voiceprints
            ranked = await ranked_voices(encoder, voiceprints, group_id, speech, Priority.SENTENCE)
        scores = (
            FeatureScore(one.voice.id, one.voice.name, one.voice.description, round(one.score, 2))
            for one in ranked[: given.top_k]
        )
        return answer_success(request, Identified(tuple(scores)))

    return identify


def _pcm(name: str, content: bytes, given: PcmParts) -> PcmFormat | None:
    """The sample format if the file is PCM: named so, or without a header and with a rate given."""
    has_header = bool(file_kind(content[:LONGEST_START]))
    named = name.lower().endswith((".pcm", ".raw"))
    if not named and (given.sample_rate is None or has_header):
        return None
    return PcmFormat("signed16", given.sample_rate or SPEECH_RATE, given.channel or 1)


@contextmanager
def _faults_told(group_id: str, feature_id: str = "") -> Iterator[None]:
    try:
        yield
    except UnknownVoiceprintGroup as fault:
        raise no_group(group_id) from fault
    except UnknownVoiceprintFeature as fault:
        raise UnknownId("feature", feature_id, "in this group") from fault
    except EngineError as fault:
        raise ProtocolError(INTERNAL, f"the voice could not be examined: {fault}") from fault
