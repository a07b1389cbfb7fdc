"""The engines that a process serves, loaded from the settings."""

import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import msgspec

from kouyu.assembly.all_at_once import all_or_first_error
from kouyu.assembly.engine_loading import check_engines, load_engine, load_voices
from kouyu.engines.asr.engine import SpeechRecognizer
from kouyu.engines.blas import use_one_blas_thread
from kouyu.engines.declaration import Kind
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.paralinguistics.engine import EmotionRecognizer
from kouyu.engines.remote.options import NAME as REMOTE
from kouyu.engines.remote.wire import Encoder, RemoteKind
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer, Voice
from kouyu.engines.turn.engine import TurnJudge
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.settings import Settings

log = logging.getLogger(__name__)

ONE_OF_EACH: Final[tuple[RemoteKind, ...]] = ("asr", "turn", "voiceprint", "emotion")


class ServedEngines(msgspec.Struct, frozen=True, kw_only=True):
    """Engines in front of one scheduler. None or nothing where a kind is not served."""

    scheduler: Scheduler
    recognizer: SpeechRecognizer | None = None
    synthesizers: tuple[SpeechSynthesizer, ...] = ()
    turn_judge: TurnJudge | None = None
    speaker_encoder: SpeakerEncoder | None = None
    emotion_recognizer: EmotionRecognizer | None = None

    @property
    def kinds(self) -> tuple[RemoteKind, ...]:
        """What is served."""
        there: dict[RemoteKind, Any] = {
            "asr": self.recognizer,
            "tts": self.synthesizers or None,
            "turn": self.turn_judge,
            "voiceprint": self.speaker_encoder,
            "emotion": self.emotion_recognizer,
        }
        return tuple(kind for kind, engine in there.items() if engine is not None)

    @property
    def voices(self) -> tuple[Voice, ...]:
        """All voices, the best default first."""
        return tuple(voice for engine in self.synthesizers for voice in engine.voices())

    @property
    def encoder(self) -> Encoder | None:
        """What the voiceprints are."""
        engine = self.speaker_encoder
        return None if engine is None else Encoder(engine.model, engine.calibration)


def engines_served(settings: Settings) -> list[tuple[Kind, str]]:
    """Kind and name of the engines that a process with these settings serves. Raises EngineUnavailable for one that
    runs elsewhere itself."""
    served: list[tuple[Kind, str]] = [
        (kind, name) for kind, name in settings.engines.chosen if kind in settings.engine_server.serves
    ]
    if elsewhere := [kind for kind, name in served if name == REMOTE]:
        raise EngineUnavailable(
            f'engines.{elsewhere[0]}: "remote" is for servers; name the engine that this process is to run, or leave '
            f"{elsewhere[0]} out of engine_server.serves"
        )
    return served


@asynccontextmanager
async def open_engines(settings: Settings) -> AsyncIterator[ServedEngines]:
    """Load and warm up the engines, and close them when the block ends. Raises WeightsNotFetched, EngineUnavailable."""
    served = engines_served(settings)
    check_engines(settings, served)
    use_one_blas_thread()
    async with AsyncExitStack() as stack:
        scheduler = Scheduler(settings.engines.workers, max_waiting=settings.engine_server.max_waiting)
        stack.push_async_callback(scheduler.close)
        names = {kind: name for kind, name in served if kind in ONE_OF_EACH}
        loads: dict[str, Awaitable[Any]] = {
            kind: load_engine(kind, name, settings.engines, scheduler) for kind, name in names.items()
        }
        if "tts" in settings.engine_server.serves:
            loads["tts"] = load_voices(settings.engines, scheduler)
        loaded = await all_or_first_error(loads)
        by_kind = dict(zip(names, loaded, strict=False))
        synthesizers: Sequence[SpeechSynthesizer] = loaded[len(names)] if len(loaded) > len(names) else ()
        for engine in (*by_kind.values(), *synthesizers):
            stack.push_async_callback(engine.close)
        yield ServedEngines(
            scheduler=scheduler,
            recognizer=by_kind.get("asr"),
            synthesizers=tuple(synthesizers),
            turn_judge=by_kind.get("turn"),
            speaker_encoder=by_kind.get("voiceprint"),
            emotion_recognizer=by_kind.get("emotion"),
        )
