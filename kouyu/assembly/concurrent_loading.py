"""Loads, at the same time, all that takes long when the server starts: engines, bots, and data of text processing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

import msgspec

from kouyu.assembly.agents import Agents, open_agents
from kouyu.assembly.all_at_once import all_or_first_error
from kouyu.assembly.engine_loading import (
    load_emotion_recognizer,
    load_noise_suppressor,
    load_recognizer,
    load_speaker_encoder,
    load_synthesizer,
    load_turn_judge,
    load_voice_activity,
)
from kouyu.engines.asr.engine import SpeechRecognizer
from kouyu.engines.denoise.engine import NoiseSuppressor
from kouyu.engines.paralinguistics.engine import EmotionRecognizer
from kouyu.engines.pressure import EnginesElsewhere
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.engines.turn.engine import TurnJudge
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.settings import Settings
from kouyu.store.store import Store
from kouyu.text.recognition_token_limits import token_counter
from kouyu.text.transcript import TranscriptFinisher
from kouyu.workers.limited import LimitedWorkers

T = TypeVar("T")


class Loaded(msgspec.Struct, frozen=True):
    """The engines of the settings and the agents, ready to use."""

    voice_activity: VoiceActivityDetector
    turn_judge: TurnJudge
    recognizer: SpeechRecognizer
    synthesizer: SpeechSynthesizer
    noise_suppressor: NoiseSuppressor | None
    emotion_recognizer: EmotionRecognizer | None
    speaker_encoder: SpeakerEncoder
    agents: Agents


async def load_all(
    settings: Settings,
    store: Store,
    *,
    scheduler: Scheduler,
    elsewhere: EnginesElsewhere,
    workers: LimitedWorkers,
    transcripts: TranscriptFinisher,
    stack: AsyncExitStack,
) -> Loaded:
    """Load and warm up everything; ``stack`` closes it. Raises the first error, after the other work has ended."""
    engines = settings.engines

    async def closed_at_the_end(load: Awaitable[T], close: Callable[[T], Awaitable[None]]) -> T:
        made = await load
        stack.push_async_callback(close, made)
        return made

    loaded = await all_or_first_error(
        {
            "voice activity": closed_at_the_end(load_voice_activity(engines, scheduler), lambda made: made.close()),
            "end of turn": closed_at_the_end(load_turn_judge(engines, scheduler, elsewhere), lambda made: made.close()),
            "recognition": closed_at_the_end(load_recognizer(engines, scheduler, elsewhere), lambda made: made.close()),
            "voices": closed_at_the_end(load_synthesizer(engines, scheduler, elsewhere), lambda made: made.close()),
            "noise suppression": load_noise_suppressor(engines, scheduler),
            "emotions": closed_at_the_end(load_emotion_recognizer(engines, scheduler, elsewhere), _close_if_there),
            "voiceprints": closed_at_the_end(
                load_speaker_encoder(engines, scheduler, elsewhere), lambda made: made.close()
            ),
            "bots and their models": stack.enter_async_context(open_agents(settings, store, workers, scheduler)),
            "data of text processing": asyncio.to_thread(transcripts.warm_up),
            "tokens of recognition": asyncio.to_thread(token_counter),
        }
    )
    return Loaded(*loaded[: len(Loaded.__struct_fields__)])


async def _close_if_there(emotion_recognizer: EmotionRecognizer | None) -> None:
    if emotion_recognizer is not None:
        await emotion_recognizer.close()
