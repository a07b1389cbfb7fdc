"""Loads the engines that the settings choose, by their declarations."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from kouyu.engines import engine_registry
from kouyu.engines.asr.engine import SpeechRecognizer
from kouyu.engines.blas import use_one_blas_thread
from kouyu.engines.declaration import Engine, EngineContext, Kind
from kouyu.engines.denoise.engine import NoiseSuppressor
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.paralinguistics.engine import EmotionRecognizer
from kouyu.engines.pressure import EnginesElsewhere
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.engines.tts.router import VoiceRouter
from kouyu.engines.turn.engine import TurnJudge
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.settings import Settings
from kouyu.settings.all_settings import EngineSettings
from kouyu.settings.bots import needs_embedded_model
from kouyu.weights import cache, catalogue
from kouyu.weights.errors import WeightsError

if TYPE_CHECKING:
    from kouyu.agents.embedded.tiered_model import TieredModel

log = logging.getLogger(__name__)

STARTS_WITHOUT: Final[frozenset[Kind]] = frozenset({"denoise", "tts"})
"""The kinds of engines that a server with a missing library does without, with a warning: a voice engine as long as
another one loads."""


class WeightsNotFetched(WeightsError):
    """Weights that the settings need are not on this machine. The text names the command that fetches them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        command = f"kouyu models fetch {' '.join(names)}"
        super().__init__(f"The weights {', '.join(names)} are not on this machine. Get them with: {command}")
        self.names = names


def check_engines(settings: Settings, used: Sequence[tuple[Kind, str]] | None = None) -> None:
    """Check engine names, libraries and weights before anything is loaded: of the engines ``used``, by default all that
    a server loads.

    Logs a warning for missing weights that are only recommended. Raises EngineUnavailable for an unknown engine, and
    for one whose library is missing and without which no server starts; WeightsNotFetched for all other missing weights
    together.
    """
    engines = [engine_registry.find(kind, name) for kind, name in used or engines_used(settings)]
    missing = _missing_weights(settings, engines)
    for engine in engines:
        try:
            engine.require_libraries()
        except EngineUnavailable as error:
            if engine.kind not in STARTS_WITHOUT:
                raise EngineUnavailable(f"{error}{_then_fetch(missing)}") from None
    if missing:
        raise WeightsNotFetched(missing)


def _then_fetch(missing: tuple[str, ...]) -> str:
    return f"; then the weights: kouyu models fetch {' '.join(missing)}" if missing else ""


def _missing_weights(settings: Settings, engines: list[Engine[Any]]) -> tuple[str, ...]:
    missing = []
    used = (name for engine in engines for name in engine.weights(settings.engines.options_of(engine)))
    for weight_set in map(catalogue.find, dict.fromkeys(used)):
        if cache.is_there(weight_set):
            continue
        if weight_set.recommended:
            log.warning(
                "starting without the weights %s (%s); to get them: kouyu models fetch %s",
                weight_set.name,
                weight_set.purpose,
                weight_set.name,
            )
        else:
            missing.append(weight_set.name)
    return tuple(missing)


def engines_used(settings: Settings) -> list[tuple[Kind, str]]:
    """Kind and name of every engine that a server with these settings loads, also inside another one."""
    needs_model = needs_embedded_model(settings.bots)
    chosen = [(kind, name) for kind, name in settings.engines.chosen if kind != "llm" or needs_model]
    return [each for engine in chosen for each in (engine, *_loaded_too(*engine, settings.engines))]


def _loaded_too(kind: Kind, name: str, engines: EngineSettings) -> tuple[tuple[Kind, str], ...]:
    try:
        engine = engine_registry.find(kind, name)
    except EngineUnavailable:  # reported where the engine itself is
        return ()
    return engine.loads_too(engines.options_of(engine))


async def load_engine(
    kind: Kind, name: str, engines: EngineSettings, scheduler: Scheduler, elsewhere: EnginesElsewhere | None = None
) -> Any:
    """Load and warm up an engine; ``elsewhere`` takes the load of one that runs in other processes. Raises
    EngineUnavailable."""
    # On a thread: importing its libraries is slow.
    engine = await asyncio.to_thread(engine_registry.find, kind, name)
    engine.require_libraries()
    section = f"engines.{engine_registry.section(kind, name)}"
    context = EngineContext(
        scheduler=scheduler,
        workers=engines.workers,
        section=section,
        elsewhere=elsewhere or EnginesElsewhere(),
        load_engine=lambda kind, name: load_engine(kind, name, engines, scheduler, elsewhere),
    )
    try:
        return await engine.load(context, engines.options_of(engine))
    except ImportError as error:
        raise EngineUnavailable(f"the {kind} engine {name!r} cannot be loaded: {error}") from error


async def load_voice_activity(engines: EngineSettings, scheduler: Scheduler) -> VoiceActivityDetector:
    """Load the VAD engine. Raises EngineUnavailable."""
    use_one_blas_thread()
    return VoiceActivityDetector(await load_engine("vad", engines.vad, engines, scheduler))


async def load_noise_suppressor(engines: EngineSettings, scheduler: Scheduler) -> NoiseSuppressor | None:
    """Load the noise suppressor; None, with a warning, if its library is not installed."""
    try:
        suppressor: NoiseSuppressor = await load_engine("denoise", engines.denoise, engines, scheduler)
    except EngineUnavailable as error:
        log.warning("noise suppression is not available: %s", error)
        return None
    return suppressor


async def load_speaker_encoder(
    engines: EngineSettings, scheduler: Scheduler, elsewhere: EnginesElsewhere | None = None
) -> SpeakerEncoder:
    """Load the speaker encoder. Raises EngineUnavailable."""
    encoder: SpeakerEncoder = await load_engine("voiceprint", engines.voiceprint, engines, scheduler, elsewhere)
    return encoder


async def load_emotion_recognizer(
    engines: EngineSettings, scheduler: Scheduler, elsewhere: EnginesElsewhere | None = None
) -> EmotionRecognizer | None:
    """Load the emotion recognizer; None if none is configured. Raises EngineUnavailable."""
    if not engines.emotion:
        return None
    recognizer: EmotionRecognizer = await load_engine("emotion", engines.emotion, engines, scheduler, elsewhere)
    return recognizer


async def load_turn_judge(
    engines: EngineSettings, scheduler: Scheduler, elsewhere: EnginesElsewhere | None = None
) -> TurnJudge:
    """Load and warm up the end-of-turn engine. Raises EngineUnavailable."""
    judge: TurnJudge = await load_engine("turn", engines.turn, engines, scheduler, elsewhere)
    return judge


async def load_recognizer(
    engines: EngineSettings, scheduler: Scheduler, elsewhere: EnginesElsewhere | None = None
) -> SpeechRecognizer:
    """Load and warm up the recognizer. Raises EngineUnavailable."""
    recognizer: SpeechRecognizer = await load_engine("asr", engines.asr, engines, scheduler, elsewhere)
    return recognizer


async def load_language_model(engines: EngineSettings, scheduler: Scheduler) -> "TieredModel":
    """Start the language model of bots that name no endpoint. Raises AgentError, EngineUnavailable."""
    model: TieredModel = await load_engine("llm", engines.llm, engines, scheduler)
    return model


async def load_voices(
    engines: EngineSettings, scheduler: Scheduler, elsewhere: EnginesElsewhere | None = None
) -> list[SpeechSynthesizer]:
    """Load and warm up the speech engines. One whose library is not installed is skipped with a warning if another one
    loads. Raises EngineUnavailable."""
    loads = (load_engine("tts", name, engines, scheduler, elsewhere) for name in engines.tts)
    results = await asyncio.gather(*loads, return_exceptions=True)
    loaded: list[SpeechSynthesizer] = [result for result in results if not isinstance(result, BaseException)]
    for result in results:
        if isinstance(result, EngineUnavailable) and loaded:
            log.warning("some voices are not available: %s", result)
        elif isinstance(result, BaseException):
            raise result
    return loaded


async def load_synthesizer(
    engines: EngineSettings, scheduler: Scheduler, elsewhere: EnginesElsewhere | None = None
) -> VoiceRouter:
    """Load and warm up all voices behind one router, as ``load_voices``. Raises EngineUnavailable, also for a default
    voice that no engine has."""
    loaded = await load_voices(engines, scheduler, elsewhere)
    try:
        router = VoiceRouter(
            loaded,
            scheduler,
            default_voice=engines.default_voice,
            default_voices=engines.default_voices,
            aliases=engines.voice_aliases,
        )
    except ValueError as error:
        settings = "engines.default_voice, engines.default_voices, engines.voice_aliases"
        raise EngineUnavailable(f"{settings}: {error}") from error
    if not any("en" in voice.languages for voice in router.voices()):
        log.warning("no voice here speaks English: English answers are not spoken, and their chats say so")
    return router
