"""The engines that the settings choose: which weights they need, and how each is made."""

import asyncio
import inspect
import logging
import os
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from kouyu.assembly.bots import needs_embedded_model
from kouyu.engines import engine_registry as registry
from kouyu.engines.asr.engine import SpeechRecognizer
from kouyu.engines.blas import use_one_blas_thread
from kouyu.engines.denoise.engine import NoiseSuppressor
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.paralinguistics.engine import EmotionRecognizer
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.engines.tts.router import VoiceRouter
from kouyu.engines.turn.engine import TurnJudge
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.settings import Settings
from kouyu.settings.model import EngineSettings
from kouyu.weights import cache
from kouyu.weights.errors import MissingWeights, WeightsError

Factory: TypeAlias = Callable[..., Any]

TURN_WEIGHTS: Final = "smart-turn"
VOICEPRINT_WEIGHTS: Final = "voiceprint"

log = logging.getLogger(__name__)


class WeightsNotFetched(WeightsError):
    """Weights that the settings ask for are not on this machine. The text names the command that fetches them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        command = f"kouyu models fetch {' '.join(names)}"
        super().__init__(f"The weights {', '.join(names)} are not on this machine. Get them with: {command}")
        self.names = names


def check_engines(settings: Settings) -> None:
    """Look before anything is loaded.

    Raises EngineUnavailable for a name that no engine has, WeightsNotFetched for all missing weights together.
    """
    engines = settings.engines
    chosen: tuple[tuple[registry.Kind, tuple[str, ...]], ...] = (
        ("vad", (engines.vad,)),
        ("denoise", (engines.denoise,)),
        ("asr", (engines.asr,)),
        ("emotion", (engines.emotion,) if engines.emotion else ()),
        ("tts", engines.tts),
    )
    for kind, names in chosen:
        known = registry.names(kind)
        if unknown := [name for name in names if name not in known]:
            raise EngineUnavailable(f"engines.{kind}: {unknown[0]!r} is not allowed; allowed: {', '.join(known)}")
    missing = []
    for name in _weights_needed(settings):
        try:
            cache.folder(name)
        except MissingWeights:
            missing.append(name)
    if missing:
        raise WeightsNotFetched(tuple(missing))


def _weights_needed(settings: Settings) -> list[str]:
    engines = settings.engines
    by_engine = {
        "silero": "silero-vad",
        "whisper": engines.whisper.weights,
        "sense-voice": "sense-voice",
        "piper": "piper-joe",
        "kokoro": "kokoro",
    }
    chosen = (engines.vad, engines.asr, engines.emotion, *engines.tts)
    needed = [by_engine[name] for name in chosen if name in by_engine]
    needed += [TURN_WEIGHTS, VOICEPRINT_WEIGHTS]
    return [*needed, "smollm2"] if needs_embedded_model(settings.bots) else needed


async def load_voice_activity(engines: EngineSettings, scheduler: Scheduler) -> VoiceActivityDetector:
    """The voice activity engine, ready to run. Raises EngineUnavailable."""
    use_one_blas_thread()
    make = await _factory("vad", engines.vad)
    arguments = (cache.folder("silero-vad"),) if engines.vad == "silero" else ()
    model = await scheduler.run(lambda _: make(*arguments), Priority.FINAL)
    return VoiceActivityDetector(model)


async def load_noise_suppressor(engines: EngineSettings) -> NoiseSuppressor | None:
    """The noise suppressor; None, with a warning, where its library is not installed."""
    try:
        suppressor: NoiseSuppressor = (await _factory("denoise", engines.denoise))()
    except EngineUnavailable as error:
        log.warning("going on without noise suppression: %s", error)
        return None
    return suppressor


def load_speaker_encoder(scheduler: Scheduler) -> SpeakerEncoder:
    """The voiceprint engine. It reads its model when it is first needed."""
    from kouyu.engines.voiceprint.resemblyzer import ResemblyzerEncoder

    return ResemblyzerEncoder(scheduler, cache.folder(VOICEPRINT_WEIGHTS))


async def load_emotion_recognizer(engines: EngineSettings, scheduler: Scheduler) -> EmotionRecognizer | None:
    """The engine for emotions; None where none is chosen. Raises EngineUnavailable."""
    if not engines.emotion:
        return None
    make = await _factory("emotion", engines.emotion)
    recognizer: EmotionRecognizer
    if engines.emotion == "sense-voice":
        recognizer = await make(scheduler, cache.folder("sense-voice"))
    else:
        recognizer = await _of_another_package(make, scheduler)
    return recognizer


async def load_turn_judge(scheduler: Scheduler) -> TurnJudge:
    """Who judges whether a turn is over, warm. Raises EngineUnavailable."""
    from kouyu.engines.turn.judge import AudioAndTextJudge

    return await AudioAndTextJudge.load(scheduler, cache.folder(TURN_WEIGHTS))


async def load_recognizer(engines: EngineSettings, scheduler: Scheduler) -> SpeechRecognizer:
    """The recognizer, warm. Raises EngineUnavailable."""
    make = await _factory("asr", engines.asr)
    recognizer: SpeechRecognizer
    match engines.asr:
        case "whisper":
            recognizer = await _whisper(make, engines, scheduler)
        case "openai":
            recognizer = _recognition_endpoint(make, engines)
        case _:
            recognizer = await _of_another_package(make, scheduler)
    return recognizer


async def load_synthesizer(engines: EngineSettings, scheduler: Scheduler) -> VoiceRouter:
    """All voices in one, warm.

    An engine whose library is not installed is left out with a warning, as long as another one is there. Raises
    EngineUnavailable, and for a default voice that no engine has.
    """
    loads = [_load_voices(name, engines, scheduler) for name in engines.tts]
    results = await asyncio.gather(*loads, return_exceptions=True)
    loaded = [result for result in results if not isinstance(result, BaseException)]
    for result in results:
        if isinstance(result, EngineUnavailable) and loaded:
            log.warning("going on without some voices: %s", result)
        elif isinstance(result, BaseException):
            raise result
    try:
        return VoiceRouter(
            loaded, scheduler, default_voice=engines.default_voice, default_voices=engines.default_voices
        )
    except ValueError as error:
        raise EngineUnavailable(f"engines.default_voice, engines.default_voices: {error}") from error


async def _load_voices(name: str, engines: EngineSettings, scheduler: Scheduler) -> SpeechSynthesizer:
    make = await _factory("tts", name)
    voices: SpeechSynthesizer
    match name:
        case "piper":
            from kouyu.engines.tts.piper import PiperOptions

            options = PiperOptions(threads=engines.piper.threads, variation=engines.piper.variation)
            voices = await make(scheduler, cache.folder("piper-joe"), options)
        case "kokoro":
            from kouyu.engines.tts.kokoro import KokoroOptions

            voices = await make(scheduler, cache.folder("kokoro"), KokoroOptions(threads=engines.kokoro.threads))
        case "openai":
            voices = _speech_endpoint(make, engines)
        case _:
            voices = await _of_another_package(make, scheduler)
    return voices


async def _whisper(make: Factory, engines: EngineSettings, scheduler: Scheduler) -> SpeechRecognizer:
    from kouyu.engines.asr.whisper import WhisperOptions

    chosen = engines.whisper
    options = WhisperOptions(
        languages=chosen.languages,
        device=chosen.device,
        compute_type=chosen.compute_type,
        threads=chosen.threads,
        replicas=engines.workers,
    )
    recognizer = make(cache.folder(chosen.weights), scheduler, options)
    await recognizer.warm_up()
    made: SpeechRecognizer = recognizer
    return made


def _recognition_endpoint(make: Factory, engines: EngineSettings) -> Any:
    from kouyu.engines.asr.openai import OpenAIOptions

    chosen = engines.openai_asr
    key = key_of("engines.openai_asr", chosen.api_key, chosen.api_key_env)
    return make(OpenAIOptions(base_url=chosen.base_url, model=chosen.model, api_key=key))


def _speech_endpoint(make: Factory, engines: EngineSettings) -> Any:
    from kouyu.engines.tts.openai import EndpointVoice, OpenAISpeechOptions

    chosen = engines.openai_tts
    options = OpenAISpeechOptions(
        base_url=chosen.base_url,
        api_key=key_of("engines.openai_tts", chosen.api_key, chosen.api_key_env),
        model=chosen.model,
        voices=tuple(
            EndpointVoice(name=voice.name, languages=voice.languages, gender=voice.gender) for voice in chosen.voices
        ),
        takes_instructions=chosen.takes_instructions,
    )
    return make(options)


async def _of_another_package(make: Factory, scheduler: Scheduler) -> Any:
    """Engines from entry points are made with the scheduler alone; the factory may be a coroutine function."""
    made = make(scheduler)
    return await made if inspect.isawaitable(made) else made


async def _factory(kind: registry.Kind, name: str) -> Factory:
    """On a thread: its libraries are imported, which takes a while."""
    return await asyncio.to_thread(registry.factory, kind, name)


def key_of(where: str, api_key: str, api_key_env: str) -> str:
    """The key of an endpoint, from the settings or from the environment. Raises EngineUnavailable."""
    if not api_key_env:
        return api_key
    key = os.environ.get(api_key_env)
    if not key:
        raise EngineUnavailable(f"{where}: the environment variable {api_key_env} (api_key_env) is not set")
    return key
